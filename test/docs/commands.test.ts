import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/command.ts';
import { codeOf, PAGES, type CodeBlock } from '../support/markdown.ts';

/** A block of commands that nobody runs here says so where its reader sees it, with the reason. */
const EXAMPLE = /^# Example: \S.*\n/;

/** How else shells are called. One name is enough to be found by. */
const OTHER_NAMES = /^(?:bash|console|shell|shellscript|zsh)/;

const TESTS = globSync('test/**/*.test.ts', { cwd: ROOT }).map((file) => [
  file,
  readFileSync(join(ROOT, file), 'utf8'),
]);

/** The beginnings of blocks that a test takes from a page to run them, by page. An empty one is all of them. */
const RUN = new Map<string, { readonly start: string; readonly file: string }[]>();
function addRun(page: string, start: string, file: string): void {
  RUN.set(page, [...(RUN.get(page) ?? []), { start, file }]);
}
for (const [file = '', text = ''] of TESTS) {
  for (const [, page = '', start = ''] of text.matchAll(
    /\bcommandsOf\(\s*'([^']+)',\s*'((?:[^'\\]|\\.)+)',?\s*\)/g,
  ))
    addRun(page, start.replaceAll(/\\(.)/g, '$1'), file);
  for (const [, guide = ''] of text.matchAll(/\bcodeBlocks\('([\w-]+)', 'sh'\)/g))
    addRun(`docs/clients/${guide}.md`, '', file);
}
/** What CI runs, line by line. */
const CI = readFileSync(join(ROOT, '.ci/run'), 'utf8');

function problemOf(page: string, { language, text }: CodeBlock): string | undefined {
  if (language === '' || OTHER_NAMES.test(language)) return 'has no language, or another name for sh';
  if (language !== 'sh') return undefined;
  const run = (RUN.get(page) ?? []).find(({ start }) => text.startsWith(start));
  const isExample = EXAMPLE.test(text);
  if (run !== undefined) return isExample ? `is marked as an example, and ${run.file} runs it` : undefined;
  if (isExample || CI.split('\n').some((line) => line.startsWith(text))) return undefined;
  return 'is run by no test, and not marked as an example';
}

describe('the commands', () => {
  it.for(PAGES)('of %s are run by a test, or marked as examples', (page) => {
    const problems = codeOf(page).flatMap((block) => {
      const problem = problemOf(page, block);
      return problem === undefined ? [] : [`line ${String(block.line)} ${problem}: ${block.text}`];
    });
    expect(problems).toEqual([]);
  });

  it('that tests run are those of pages', () => {
    const gone = [...RUN].flatMap(([page, starts]) =>
      starts.flatMap(({ start, file }) =>
        codeOf(page).some(({ language, text }) => language === 'sh' && text.startsWith(start))
          ? []
          : [`${file}: ${page} ${start}`],
      ),
    );
    expect(gone).toEqual([]);
    expect(RUN.size).toBeGreaterThan(5);
  });

  it.for([
    ['sh', 'npm run nothing', 'is run by no test, and not marked as an example'],
    ['sh', '# Example:\nnpm run nothing', 'is run by no test, and not marked as an example'],
    ['sh', '# Example: for a cluster.\nkubectl get pods', undefined],
    ['bash', 'npm start', 'has no language, or another name for sh'],
    ['', 'npm start', 'has no language, or another name for sh'],
    ['json', '{}', undefined],
  ])('would not pass as %s: %s', ([language = '', text = '', problem]) => {
    expect(problemOf('docs/README.md', { language, text, line: 1 })).toBe(problem);
  });
});
