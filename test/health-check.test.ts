import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listen } from './support/loopback.ts';
import { run } from './support/process.ts';

/** A server that answers `/readyz` with a status. @returns its port, as a variable has it */
async function serveStatus(status: number): Promise<string> {
  const server = await listen(
    createServer((request, response) =>
      response.writeHead(request.url === '/readyz' ? status : 404).end('what is wrong'),
    ),
  );
  onTestFinished(() => server.close());
  return String(server.port);
}

describe('the health check of a container', () => {
  it.for(['127.0.0.1', '0.0.0.0', 'localhost'])(
    'passes for a gateway that is ready, with HOST=%s',
    async (HOST) => {
      const program = run('health-check.ts', { PORT: await serveStatus(200), HOST });
      expect([await program.ended, program.output()]).toEqual([0, '']);
    },
  );

  it('fails for one that is not, and says what it answered', async () => {
    const PORT = await serveStatus(503);
    const program = run('health-check.ts', { PORT });
    expect(await program.ended).toBe(1);
    expect(program.output()).toBe(`http://127.0.0.1:${PORT}/readyz: 503 what is wrong\n`);
  });

  it('asks the address of IPv6 where the gateway listens on all of them', async () => {
    const program = run('health-check.ts', { PORT: '1', HOST: '::' });
    expect(await program.ended).toBe(1);
    expect(program.output()).toContain('http://[::1]:1/readyz: ');
  });
});
