import { randomBytes } from 'node:crypto';
import type { Random } from '../../../../../src/emulator/random.ts';
import { garbage, mutated, weighted } from './mutate.ts';
import { anyOperation, anyValue, type Vocabulary } from './operations.ts';

/** The bytes of a frame as RFC 6455 has it, masked. */
export function frame(opcode: number, payload: Buffer, isFinal = true): Buffer {
  const mask = randomBytes(4);
  const masked = Buffer.from(payload);
  for (const [index, byte] of masked.entries()) masked[index] = byte ^ (mask[index % 4] ?? 0);
  const head = [(isFinal ? 0x80 : 0) | opcode];
  if (payload.length < 126) head.push(0x80 | payload.length);
  else if (payload.length < 65_536) head.push(0x80 | 126, payload.length >> 8, payload.length & 255);
  else head.push(0x80 | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (payload.length >>> shift) & 255));
  return Buffer.concat([Buffer.from(head), mask, masked]);
}

const TEXT = 1;

/** The upgrade, and the first message unless it is left out. */
export function handshake(random: Random, id: string): Buffer {
  const head = [
    'GET /graphql HTTP/1.1',
    'host: gateway.example',
    'connection: Upgrade',
    'upgrade: websocket',
    id,
    `sec-websocket-version: ${random.next() < 0.98 ? '13' : random.pick(['8', 'x', '12'])}`,
    `sec-websocket-key: ${random.next() < 0.98 ? randomBytes(16).toString('base64') : garbage(random, 10).replaceAll(/[^\w]/g, '')}`,
    `sec-websocket-protocol: ${random.next() < 0.95 ? 'graphql-transport-ws' : random.pick(['graphql-ws', 'x', 'a, b'])}`,
    ...(random.next() < 0.1 ? ['sec-websocket-extensions: permessage-deflate'] : []),
  ];
  const initial = random.next() < 0.95 ? [text({ type: 'connection_init', ...somePayload(random) })] : [];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), ...initial]);
}

const text = (message: unknown) => frame(TEXT, Buffer.from(JSON.stringify(message)));

const somePayload = (random: Random) => (random.next() < 0.3 ? { payload: anyValue(random) } : {});

/** A message, or what is nearly one. Ids are few, so that some come twice. */
export function anyFrame(random: Random, vocabulary: Vocabulary): Buffer {
  const id = String(random.between(0, 300));
  const subscribe = () => ({ id, type: 'subscribe', payload: anyOperation(random, vocabulary) });
  return weighted(random, [
    [20, () => text(subscribe())],
    [4, () => text({ id, type: 'complete' })],
    [2, () => text({ type: random.pick(['ping', 'pong']), ...somePayload(random) })],
    [0.3, () => text({ id: anyValue(random), type: 'subscribe', payload: anyValue(random) })],
    [0.2, () => text({ type: anyValue(random) })],
    [0.2, () => text(anyValue(random))],
    [0.2, () => frame(TEXT, Buffer.from(mutated(random, JSON.stringify(subscribe()))))],
    [0.2, () => frame(TEXT, Buffer.from(garbage(random)))],
    [0.2, () => frame(2, Buffer.from(JSON.stringify(subscribe())))],
    [1, () => fragmented(random, JSON.stringify(subscribe()))],
    [1, () => frame(9, randomBytes(random.between(0, 125)))],
    [1, () => frame(10, randomBytes(random.between(0, 125)))],
    [0.1, () => frame(8, randomBytes(random.between(0, 10)))],
    [0.1, () => frame(random.between(3, 15), randomBytes(random.between(0, 200)))],
    [0.1, () => Buffer.from(mutated(random, text(subscribe()).toString('latin1')), 'latin1')],
    [0.1, () => randomBytes(random.between(1, 100))],
  ]);
}

function fragmented(random: Random, message: string): Buffer {
  const bytes = Buffer.from(message);
  const middle = random.between(0, bytes.length);
  return Buffer.concat([
    frame(TEXT, bytes.subarray(0, middle), false),
    ...(random.next() < 0.3 ? [frame(9, Buffer.alloc(3))] : []),
    frame(0, bytes.subarray(middle)),
  ]);
}
