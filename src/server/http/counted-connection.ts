import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { BOUNDS } from '../../bounds.ts';
import { dropParsed } from './parser.ts';
import type { Reader, Usage } from './usage.ts';

const CONNECTION = Symbol('connection');

/** A socket whose connection may be counted. */
interface CountedSocket extends Socket {
  [CONNECTION]?: Connection;
}

/** The counted connection of a socket. */
export function connectionOf(socket: CountedSocket): Connection | undefined {
  return socket[CONNECTION];
}

/** Counts what is under way on a connection from now on. */
export function countConnection(socket: CountedSocket, clientKey: string, options: ConnectionOptions): void {
  socket[CONNECTION] = new Connection(socket, clientKey, options);
}

/** The responses that are under way on a connection, in order. */
export function responsesUnderWay(socket: Socket): readonly ServerResponse[] {
  return connectionOf(socket)?.underWay ?? [];
}

export interface ConnectionOptions {
  readonly usage: Usage;
  /** The most requests under way on one connection. */
  readonly maxRequests: number;
  /** How long a client may read nothing of what was sent, in milliseconds. */
  readonly stalledMs: number;
}

/** One connection, with what is under way on it, and what its client has not read. */
class Connection implements Reader {
  readonly socket: Socket;
  readonly underWay: CountedResponse[] = [];
  /** Whether the last response that it gets has been decided. Later requests get none. */
  isClosing = false;
  /** Whether nothing more is read, as something is unread. */
  isPaused = false;
  unread = 0;
  clientKey: string;
  readonly usage: Usage;
  readonly #maxRequests: number;
  readonly #stalledMs: number;

  constructor(socket: Socket, clientKey: string, options: ConnectionOptions) {
    const { usage, maxRequests, stalledMs } = options;
    this.socket = socket;
    this.clientKey = clientKey;
    this.usage = usage;
    this.#maxRequests = maxRequests;
    this.#stalledMs = stalledMs;
    // Node closes no response that was waiting for its turn when the connection came to an upgrade.
    socket.once('close', () => {
      for (let [response] = this.underWay; response !== undefined; [response] = this.underWay) {
        response.destroy();
        response.ended();
      }
    });
  }

  /** Whether the system takes nothing, as the client does not read. */
  get isStalled(): boolean {
    return this.isPaused && this.socket.writableLength > 0;
  }

  begin(response: CountedResponse): void {
    this.underWay.push(response);
    if (this.underWay.length <= 2 * this.#maxRequests) return;
    // One read can bring thousands. Refusing each would take more than is worth it.
    this.socket.destroy();
    dropParsed(this.socket);
  }

  end(response: CountedResponse): void {
    const { underWay } = this;
    if (underWay[0] === response) underWay.shift();
    else underWay.splice(underWay.indexOf(response), 1);
    this.settle();
  }

  /** Counts what is unread after something was sent. */
  onSent({ clientKey }: CountedResponse): void {
    if (this.socket.writableLength === 0 && this.underWay.length <= 1) return;
    if (this.unread === 0 && clientKey !== undefined) this.clientKey = clientKey;
    this.#measure();
  }

  /** Counts again what is unread. It reads on when that is nothing. */
  readonly settle = (): void => {
    if (this.unread === 0 && !this.isPaused) return;
    this.#measure();
    if (!this.isPaused || this.isStalled || this.socket.destroyed) return;
    this.isPaused = false;
    this.socket.off('resume', this.#pauseAgain);
    // Node has set its own limit where nothing is under way.
    if (this.underWay.length > 0) this.socket.setTimeout(0);
    this.socket.resume();
  };

  cut(): void {
    this.socket.destroy();
  }

  #measure(): void {
    const { socket, underWay, usage } = this;
    let bytes = socket.writableLength;
    // Responses that wait for their turn have no socket.
    for (const response of underWay) if (response.socket === null) bytes += response.writableLength;
    usage.setUnread(this, socket.destroyed && underWay.length === 0 ? 0 : bytes);
    if (socket.writableLength > 0 && !socket.destroyed) this.#pause();
  }

  /** Node cuts the connection when nothing was written for this long, and reading would put that off. */
  #pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.socket.pause().on('resume', this.#pauseAgain).setTimeout(this.#stalledMs);
  }

  readonly #pauseAgain = (): void => void this.socket.pause();
}

/** Node gives options too, which its types leave out. */
const BaseResponse: new (request: IncomingMessage, options?: object) => ServerResponse = ServerResponse;

/** A response that is counted from its request to its last byte. Node makes one for every request, also for those it refuses itself. */
export class CountedResponse extends BaseResponse {
  /** The client. `undefined`: it is not counted among the client's requests. */
  clientKey: string | undefined;
  /** What the request holds, in bytes. */
  held = 0;
  /** Is called once it has ended, however that came about. */
  onEnded: ((response: ServerResponse) => void) | undefined;
  readonly #connection: Connection | undefined;
  #hasEnded = false;

  constructor(request: IncomingMessage, options?: object) {
    super(request, options);
    this.#connection = connectionOf(request.socket);
    this.#connection?.begin(this);
  }

  /** Counts the request among those of the client. */
  count(clientKey: string): void {
    this.clientKey = clientKey;
    this.#connection?.usage.begin(clientKey, this.held);
  }

  /** Says what the request holds by now, in bytes. */
  hold(bytes: number): void {
    if (this.clientKey === undefined || this.#hasEnded) return;
    this.#connection?.usage.hold(this.clientKey, bytes - this.held);
    this.held = bytes;
  }

  /** Is called when nothing more of it is sent. A listener for that on each response would cost a twentieth of its time. */
  ended(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.clientKey !== undefined) this.#connection?.usage.end(this.clientKey, this.held);
    this.#connection?.end(this);
    this.onEnded?.(this);
  }

  /** Node calls it when the system has taken the whole response. */
  override detachSocket(socket: Socket): void {
    if (!this.req.complete) socket.destroySoon = lingeringly;
    super.detachSocket(socket);
    this.ended();
  }

  override write(chunk: unknown, encoding?: BufferEncoding | Done, callback?: Done): boolean {
    const done = typeof encoding === 'function' ? encoding : callback;
    const isTaken = super.write(chunk, typeof encoding === 'string' ? encoding : 'utf8', (error) => {
      done?.(error);
      this.#connection?.settle();
    });
    this.#connection?.onSent(this);
    return isTaken;
  }

  override end(chunk?: unknown, encoding?: BufferEncoding | Done, callback?: Done): this {
    // oxlint-disable-next-line no-unsafe-type-assertion -- it sees itself what it is given
    super.end(chunk, encoding as BufferEncoding, callback);
    this.#connection?.onSent(this);
    return this;
  }
}

/**
 * Closes a connection whose client is still sending its request. What comes is read and dropped, until nothing has come for a
 * while. A connection that is closed with something unread is reset, and the client may not get the response.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.6
 */
function lingeringly(this: Socket): void {
  this.setTimeout(BOUNDS.closing.max);
  this.end();
}

type Done = (error?: Error | null) => void;

/** Calls `run` once the response has ended, or its connection has closed. */
export function onEnd(response: ServerResponse, run: (response: ServerResponse) => void): void {
  if (response instanceof CountedResponse) response.onEnded = run;
  else response.once('close', () => run(response));
}
