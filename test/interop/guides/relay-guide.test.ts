import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchQuery, requestSubscription, type ConcreteRequest, type Environment } from 'relay-runtime';
import { describe, expect, it } from 'vitest';
import { printSorted } from '../../../schema/tools/files.ts';
import { createSchema } from '../../../src/server/graphql/schema.ts';
import { runFile } from '../../support/command.ts';
import { startGateway } from '../../support/gateway.ts';
import { codeBlocks, load, writeSources } from '../../support/guide.ts';

describe('the guide to Relay', () => {
  it('compiles its list, and runs it and its subscription by persisted ids alone', async () => {
    const folder = writeSources('relay', {
      'relay.config.json': codeBlocks('relay', 'json')[0] ?? '',
      'schema.graphql': printSorted(createSchema()),
      'persisted.json': '{}',
    });
    const { output } = await runFile('node_modules/relay-compiler/cli.js', [], folder);
    expect(output).toContain('Compilation completed');
    const env = {
      PERSISTED_OPERATIONS: join(folder, 'persisted.json'),
      PERSISTED_ONLY: 'true',
      POLL_MIN_MS: '100',
      JOB_MAX_AGE_MS: '100',
    };
    expect(Object.keys(JSON.parse(readFileSync(env.PERSISTED_OPERATIONS, 'utf8')) as object)).toHaveLength(3);
    const gateway = await startGateway({ env });
    const { createEnvironment } = (await load(folder, 'environment.ts')) as unknown as {
      createEnvironment: (url: string) => Environment;
    };
    const environment = createEnvironment(`${gateway.url}/graphql`);
    const generated = async (name: string) => {
      const module = await load(folder, `src/__generated__/${name}.graphql.ts`);
      return module['default'] as ConcreteRequest;
    };

    const page = await fetchQuery(environment, await generated('jobsPageQuery'), { count: 2 }).toPromise();
    expect(page).toBeDefined();
    const id = gateway.emulator.jobs.add({ finishTime: Infinity });
    const subscription = await generated('jobsUpdatedSubscription');
    const states: unknown[] = [];
    await new Promise<void>((resolve, reject) => {
      requestSubscription(environment, {
        subscription,
        variables: { ids: [id] },
        onNext() {
          states.push(environment.getStore().getSource().get(id)?.['status']);
          gateway.emulator.jobs.finish(id, { status: 'Success' });
        },
        onError: reject,
        onCompleted: resolve,
      });
    });
    expect(states).toEqual(['INIT', 'SUCCESS']);
    await gateway.close();
  });
});
