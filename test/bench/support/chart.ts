import type { SectionResult } from './result.ts';

/** As the figures name them. */
const OURS = 'gateway';
const SERVERS = [OURS, 'mercurius + JIT', 'Yoga + JIT + response cache', 'Yoga + JIT', 'Apollo standalone'];
const RAW = 'raw node:http';
const GROUPS = [
  { title: 'repeated, 1 job', label: 'The same request again, 1 job' },
  { title: 'repeated, 20 jobs', label: 'The same request again, 20 jobs' },
  { title: 'never repeated, 1 job', label: 'Never the same request, 1 job' },
  { title: 'never repeated, 20 jobs', label: 'Never the same request, 20 jobs' },
];

/** In pixels. */
const WIDTH = 720;
const LEFT = 190;
const RIGHT = 90;
const TOP = 44;
const BAR = 13;
const GROUP = 30;
const FULL = WIDTH - LEFT - RIGHT;

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .note { fill: #59636e; }
  .raw { stroke: #59636e; stroke-dasharray: 3 3; }
  rect { fill: #8c959f; } .ours { fill: #0969da; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; } .note { fill: #9198a1; } .raw { stroke: #9198a1; }
    rect { fill: #656c76; } .ours { fill: #4493f8; }
  }`;

/**
 * The throughput of all servers as a drawing (SVG): bars as long as their share of what a bare `node:http` server does
 * with the same request and an answer of the same length.
 *
 * @throws {Error} when the result lacks a figure
 */
export function chartOf(throughput: SectionResult): string {
  const rateOf = (name: string) => {
    const figure = throughput.figures.find((candidate) => candidate.name === name);
    if (figure === undefined) throw new Error(`there is no figure "${name}"`);
    return figure.value;
  };
  const parts: string[] = [];
  let y = TOP;
  for (const { title, label } of GROUPS) {
    const raw = rateOf(`${title}: ${RAW}`);
    parts.push(text(0, y + 12, label, 'title'));
    y += 20;
    for (const name of SERVERS) {
      const rate = rateOf(`${title}: ${name}`);
      const length = Math.round((FULL * rate) / raw);
      const value = `${Math.round(rate).toLocaleString('en')}/s`;
      parts.push(
        text(LEFT - 8, y + 10, name, 'note', 'end'),
        `<rect class="${name === OURS ? 'ours' : ''}" x="${String(LEFT)}" y="${String(y)}" width="${String(length)}" height="${String(BAR - 2)}"/>`,
        text(LEFT + length + 6, y + 10, value),
      );
      y += BAR + 2;
    }
    y += GROUP - 20;
  }
  const end = String(LEFT + FULL);
  const heading = 'Requests a second on one core; the full width is a bare node:http server';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(y)}" role="img" aria-label="${heading}">`,
    `<style>${STYLE}\n</style>`,
    text(0, 16, heading, 'title'),
    `<line class="raw" x1="${end}" x2="${end}" y1="${String(TOP - 12)}" y2="${String(y - 8)}"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function text(x: number, y: number, content: string, className = '', anchor = 'start'): string {
  return `<text class="${className}" x="${String(x)}" y="${String(y)}" text-anchor="${anchor}">${content}</text>`;
}
