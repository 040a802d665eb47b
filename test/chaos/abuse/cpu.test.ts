import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kindsOf } from './support/log.ts';
import { nested, filler } from './support/payloads.ts';
import { createBystander, type Bystander } from './support/bystander.ts';
import { times } from './support/rows.ts';
import { describeTally } from './support/tally.ts';
import { startTarget, type Target } from './support/target.ts';
import { send, type Operation, type Transport } from './support/transports.ts';

/** What a request may cost that is refused, or that is small, with its share of the bystander's. In milliseconds of CPU. */
const CPU_MS = 25;

const repeat = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => make(index)).join(' ');

const REPEATED = (mark: string): Operation => ({
  query: `query Q${mark}{packageJobs(first:100){nodes{${repeat(400, () => 'inputs{media}')}}}}`,
});

/** A document, or a request, that costs far more than its size tells. Each differs, so that none is known. */
const OPERATIONS: Readonly<Record<string, (mark: string) => Operation>> = {
  '400 repeated selections of a nested field': REPEATED,
  '1,990 repeated fields': (mark) => ({ query: `query Q${mark}{${repeat(1990, () => '__typename')}}` }),
  '600 repeated fields that do not exist': (mark) => ({
    query: `query Q${mark}{${repeat(600, (i) => `nothing${String(i)}`)}}`,
  }),
  '90 fields of one alias with other arguments': (mark) => ({
    query: `query Q${mark}{${repeat(90, (i) => `a:packageJob(id:"${String(i)}"){id name inputs{media}}`)}}`,
  }),
  '60 fragments, each of which spreads all later ones': (mark) => ({
    query: `query Q${mark}{packageJob(id:"a"){...F0}} ${repeat(
      40,
      (i) =>
        `fragment F${String(i)} on PackageJob{id ${repeat(Math.min(15, 39 - i), (j) => `...F${String(i + j + 1)}`)}}`,
    )}`,
  }),
  '100 fragments in a circle': (mark) => ({
    query: `query Q${mark}{packageJob(id:"a"){...F0}} ${repeat(
      100,
      (i) => `fragment F${String(i)} on PackageJob{id ...F${String((i + 1) % 100)}}`,
    )}`,
  }),
  'inline fragments 300 deep': (mark) => ({
    query: `query Q${mark}{packageJob(id:"a"){${'... {'.repeat(300)}id${'}'.repeat(300)}}}`,
  }),
  '300 variables that are not used': (mark) => ({
    query: `query Q${mark}(${repeat(300, (i) => `$v${String(i)}:ID`)}){__typename}`,
  }),
  '200 operations': (mark) => ({
    query: repeat(200, (i) => `query Q${mark}${String(i)}{packageJob(id:"a"){id}}`),
    operationName: `Q${mark}1`,
  }),
  'directives by the hundred': (mark) => ({
    query: `query Q${mark}{${repeat(300, () => '__typename@include(if:true)')}}`,
  }),
  'a list 900 deep in the document': (mark) => ({
    query: `query Q${mark}{packageJobsById(ids:${nested(900)}){id}}`,
  }),
  'an id of 10 KB': (mark) => ({ query: `{packageJob(id:"${filler(10_000, mark)}"){id}}` }),
  'a text of 2,000 escapes': (mark) => ({ query: `{packageJob(id:"${mark}${'\\u0041'.repeat(2000)}"){id}}` }),
  'a cursor of 10 KB': (mark) => ({ query: `{packageJobs(after:"${filler(10_000, mark)}"){nodes{id}}}` }),
  'a time of 10 KB': (mark) => ({
    query: 'query($t:DateTime){packageJobs(filter:{createdFrom:$t}){nodes{id}}}',
    variables: { t: filler(10_000, mark) },
  }),
  '1,000 kinds of ids that are none': (mark) => ({
    query: 'query($ids:[ID!]!){packageJobsById(ids:$ids){id}}',
    variables: { ids: Array.from({ length: 900 }, (_, index) => (index % 2 === 0 ? { mark } : index)) },
  }),
  'variables that differ from the document in 500 names': (mark) => ({
    query: '{__typename}',
    variables: Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`${mark}${String(index)}`, 1])),
  }),
};

/** Over WebSockets there are none. */
const HEADERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'an Accept of a thousand media types': {
    accept: repeat(700, (i) => `a/b${String(i)};q=0.${String(i % 10)},`) + '*/*',
  },
  'an Accept-Encoding of a thousand codings': {
    'accept-encoding': repeat(1000, (i) => `g${String(i)};q=0.1,`) + 'gzip',
  },
  'an If-None-Match of a thousand tags': {
    'if-none-match': repeat(900, (i) => `"tag${String(i)}",`) + '"x"',
  },
  'a Prefer of spaces': { prefer: `wait${' '.repeat(12_000)}=x` },
  'a Cookie of 14 KB': { cookie: filler(14_000, 'a=') },
  'a Content-Type of parameters': {
    'content-type': `application/json${repeat(1000, (i) => `;a${String(i)}=b`)}`,
  },
};

/** The first requests of each kind compile code. */
const WARM_UP = 10;
const COUNT = 30;

describe('requests that cost more than their size tells', () => {
  let target: Target;
  let bystander: Bystander;

  beforeAll(async () => {
    target = await startTarget();
    bystander = await createBystander(target);
  });
  afterAll(async () => {
    expect(kindsOf(target.log.errors)).toEqual([]);
    await bystander.close();
    await target.close();
  });

  async function problemsOf(transport: Transport, make: (mark: string) => Operation): Promise<string[]> {
    const operations = (count: number, mark: string) =>
      times(count, (index) => make(`${mark}${transport.slice(0, 1)}${String(index)}`));
    await send({ target, transport, operations: operations(WARM_UP, 'w') });
    const before = await target.holding(false);
    bystander.start();
    const tally = await send({
      target,
      transport,
      connections: 2,
      window: 2,
      operations: operations(COUNT, 'c'),
    });
    const { failures } = await bystander.stop();
    const cpuMs = ((await target.holding(false)).cpuMs - before.cpuMs) / COUNT;
    return [
      ...tally.faults,
      ...failures,
      ...(cpuMs <= CPU_MS ? [] : [`${cpuMs.toFixed(1)} ms of CPU each: ${describeTally(tally)}`]),
    ];
  }

  it.for(Object.keys(OPERATIONS))('%s', async (name) => {
    const make = OPERATIONS[name] ?? (() => ({ query: '' }));
    expect(await problemsOf('POST', make)).toEqual([]);
  });

  it.for<Transport>(['GET', 'event stream', 'WebSocket'])(
    '400 repeated selections, over %s',
    async (transport) => {
      expect(await problemsOf(transport, REPEATED)).toEqual([]);
    },
  );

  it.for(Object.keys(HEADERS))('%s', async (name) => {
    const headers = HEADERS[name] ?? {};
    expect(await problemsOf('POST', (mark) => ({ query: `query Q${mark}{__typename}`, headers }))).toEqual(
      [],
    );
  });
});
