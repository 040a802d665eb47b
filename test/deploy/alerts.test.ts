import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/command.ts';
import { commandsOf } from '../support/markdown.ts';
import { PROMTOOL, promtool } from '../support/promtool.ts';
import { DASHBOARD, METRICS, metricsIn, QUERIES, read } from './support.ts';

const RULES = read('deploy/prometheus/alerts.yml');
const CASES = read('deploy/prometheus/alerts.test.yml');
const RUNBOOK = read('docs/runbook.md');
/** The text of each alert, by name. */
const ALERTS = new Map(
  RULES.split(/^ {6}- alert: /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text] as const),
);

describe('alerts', () => {
  it.for([...ALERTS])(
    '%s has a duration, a severity, a summary and its section of the runbook',
    ([name, text]) => {
      expect(text).toMatch(/^ {8}for: \d+m$/m);
      expect(text).toMatch(/^ {10}severity: (?:critical|warning)$/m);
      expect(text).toMatch(/^ {10}summary: '.+'$/m);
      const path = `docs/runbook.md#${name.toLowerCase()}`;
      expect(text).toContain(`runbook_url: '{{ $externalLabels.runbooks }}${path}'\n`);
      const section = RUNBOOK.split(/^## /m).find((section) => section.startsWith(`${name}\n`)) ?? '';
      const parts = [...section.matchAll(/^\*\*(.+?)\.\*\*/gm)].map(([, part]) => part);
      expect(parts).toEqual(['Means', 'Users see', 'Look first', 'Do']);
    },
  );

  it('get the address of a copy of the runbook by the command of the documentation', () => {
    const command = commandsOf('docs/telemetry.md', 'sed');
    const text = execFileSync('sh', ['-c', command], { cwd: ROOT, encoding: 'utf8' });
    const links = [...text.matchAll(/runbook_url: '(.*)'/g)].map(([, link]) => link);
    const base = 'https://git.example/package-job-gateway/blob/main/docs/runbook.md';
    expect(links).toEqual([...ALERTS.keys()].map((name) => `${base}#${name.toLowerCase()}`));
  });

  it('are all that the runbook has sections for', () => {
    expect([...RUNBOOK.matchAll(/^## (\S+)$/gm)].map(([, name]) => name)).toEqual([...ALERTS.keys()]);
  });

  it('each have a case in which they fire, and one in which they do not', () => {
    const cases = CASES.split(/^ {2}- name: /m).slice(1);
    for (const name of ALERTS.keys()) {
      const own = cases.filter((text) => text.startsWith(`'${name}: `));
      const firing = own.filter((text) => text.includes(`alertname="${name}"`));
      expect([name, firing.length > 0, own.length > firing.length]).toEqual([name, true, true]);
    }
  });

  it('name metrics that there are', () => {
    const unknown = metricsIn(RULES).filter((name) => !METRICS.has(name));
    expect(unknown).toEqual([]);
  });

  it.skipIf(PROMTOOL.skip)(`fire as their cases say, with ${PROMTOOL.label}`, async () => {
    const folder = join(ROOT, 'deploy/prometheus');
    for (const args of [
      ['check', 'config', join(folder, 'prometheus.yml')],
      ['check', 'rules', join(folder, 'alerts.yml')],
      ['test', 'rules', join(folder, 'alerts.test.yml')],
    ]) {
      const { code, output } = await promtool(args);
      expect([code, output]).toEqual([0, expect.stringContaining('SUCCESS')]);
    }
  });
});

describe('the dashboard', () => {
  it.for(QUERIES)('asks for metrics that there are: $title', ({ expr }) => {
    const names = metricsIn(expr);
    expect(names).not.toEqual([]);
    expect(names.filter((name) => !METRICS.has(name))).toEqual([]);
  });

  it('gets them from a source that is chosen, of gateways that are chosen', () => {
    expect(DASHBOARD.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['instance', 'query'],
    ]);
    const sources = DASHBOARD.panels.flatMap(({ datasource, targets = [] }) => [
      ...(datasource ? [datasource.uid] : []),
      ...targets.map((target) => target.datasource.uid),
    ]);
    // oxlint-disable-next-line no-template-curly-in-string -- it is Grafana's
    expect(new Set(sources)).toEqual(new Set(['${datasource}']));
    expect(QUERIES.filter(({ expr }) => !expr.includes('instance=~"$instance"'))).toEqual([]);
  });

  it('answers five questions, each in a row of its own', () => {
    const rows = DASHBOARD.panels.filter(({ type }) => type === 'row').map(({ title }) => title);
    expect(rows).toEqual([
      'Is it well?',
      'What do users feel?',
      'What does ICE do?',
      'What do we spare?',
      'Who watches?',
    ]);
  });
});
