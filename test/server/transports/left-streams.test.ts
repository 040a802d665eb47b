import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it, vi } from 'vitest';
import { startGateway } from '../../support/gateway.ts';

it('a client that leaves before its event stream has begun is no error of the gateway', async () => {
  const lines: string[] = [];
  const gateway = await startGateway({ onLogLine: (line) => lines.push(line) });
  const id = gateway.emulator.jobs.add({ finishTime: Infinity });
  const body = JSON.stringify({ query: `{ packageJob(id: "${id}", wait: { timeoutSeconds: 50 }) { id } }` });
  const head = [
    'POST /graphql HTTP/1.1',
    'host: 127.0.0.1',
    'content-type: application/json',
    'accept: text/event-stream',
    `content-length: ${String(body.length)}`,
  ];
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  await vi.waitFor(() => expect(gateway.emulator.countRequests('GetPackageJob')).toBe(1));
  socket.destroy();
  await vi.waitFor(() => expect(lines.some((line) => line.includes('left unanswered'))).toBe(true));
  await gateway.close();
  expect(lines.filter((line) => /"level":[56]0/.test(line))).toEqual([]);
});
