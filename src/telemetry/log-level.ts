import { isIP } from 'node:net';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';

/** The level of the log, which can be changed while the gateway runs. */
export interface LogLevel {
  readonly current: string;
  /** @returns whether there is such a level */
  set(level: string): boolean;
  /** Goes to `debug`, or back to the level that the gateway was started with. */
  toggleDebug(): void;
}

export function createLogLevel(logger: FastifyBaseLogger, levels: readonly string[]): LogLevel {
  const configured = logger.level;
  const change = (level: string) => {
    // It is written whatever the level is.
    const before = logger.level;
    logger.level = 'info';
    logger.info({ before, level }, 'the level of the log is changed');
    logger.level = level;
  };
  return {
    get current() {
      return logger.level;
    },
    set(level) {
      const isKnown = levels.includes(level);
      if (isKnown) change(level);
      return isKnown;
    },
    toggleDebug: () => change(logger.level === 'debug' ? configured : 'debug'),
  };
}

/** The longest body, which is the name of a level. */
const MAX_BODY_BYTES = 64;

/**
 * Answers `GET` and `PUT /log-level`. Only this machine may change the level. A browser may not, as any page could ask it to.
 *
 * @param levels for the message of a refusal
 */
export async function answerLogLevel(
  request: IncomingMessage,
  response: ServerResponse,
  logLevel: LogLevel,
  levels: readonly string[],
): Promise<void> {
  const send = (status: number, text: string, headers = {}) => {
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers });
    response.end(`${text}\n`);
  };
  if (request.method === 'GET') return send(200, logLevel.current);
  if (request.method !== 'PUT') return send(405, '/log-level takes GET and PUT', { allow: 'GET, PUT' });
  if (!isOfThisMachine(request)) return send(403, 'The level can be changed from this machine alone');
  const level = await bodyOf(request);
  if (!logLevel.set(level)) return send(400, `The level must be one of ${levels.join(', ')}`);
  return send(200, level);
}

function isOfThisMachine({ socket, headers }: IncomingMessage): boolean {
  const { hostname } = URL.parse(`http://${headers.host ?? ''}`) ?? {};
  const host = hostname?.replace(/^\[(.*)\]$/, '$1') ?? '';
  const isLoopbackName = host === 'localhost' || (isIP(host) > 0 && isLoopbackAddress(host));
  return headers.origin === undefined && isLoopbackName && isLoopbackAddress(socket.remoteAddress ?? '');
}

function isLoopbackAddress(address: string): boolean {
  return /^(?:::ffff:)?127\./.test(address) || address === '::1';
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) break;
  }
  return text.trim();
}
