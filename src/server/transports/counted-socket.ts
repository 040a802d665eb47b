import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import { nextTick } from 'node:process';
import type { WebSocket } from '@fastify/websocket';
import { BOUNDS } from '../../bounds.ts';
import { countValues, heldBytes } from '../http/body-values.ts';
import type { Arrivals } from '../http/arrivals.ts';
import type { Limit, Reader, Usage } from '../http/usage.ts';

/** A control frame of a client has a head of two bytes and a mask of four. */
const CONTROL_FRAME_BYTES = 6;

/** A message of the client that is under way. */
export interface IncomingMessage {
  /** The limit that it is over. It was counted nevertheless. */
  readonly excess: keyof Limit | undefined;
  /** Says that what it said is not kept any more. */
  release(): void;
}

export interface CountedSocketOptions {
  readonly usage: Usage;
  /** Takes the messages of all sockets, in turn. */
  readonly arrivals: Arrivals;
  readonly clientKey: string;
  /** How often it pings, in milliseconds. */
  readonly keepAliveMs: number;
  /** The connection that the frames come by. */
  readonly transport: Socket;
}

/** A WebSocket on which everything is bounded that its client sends or leaves unread. */
export class CountedSocket implements Reader {
  readonly clientKey: string;
  unread = 0;
  /** Whether the client has said `connection_init`. */
  isAcknowledged = false;
  /** Why it was closed from this side. The close event of a socket that had to be cut does not say it. */
  closing: { readonly code: number; readonly reason: string } | undefined;
  readonly #socket: WebSocket;
  readonly #transport: Socket;
  readonly #usage: Usage;
  readonly #arrivals: Arrivals;
  #isCorked = false;
  #underWay = 0;
  /** What the messages under way hold, in bytes. */
  #held = 0;
  /** What has come of a message that is not complete, in bytes. */
  #partial = 0;
  /** Runs while that has not come. */
  #late: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** What the last ping had that is to be answered. */
  #pinged: Buffer | undefined;

  constructor(socket: WebSocket, options: CountedSocketOptions) {
    const { usage, arrivals, clientKey, keepAliveMs, transport } = options;
    this.#socket = socket;
    this.#transport = transport;
    this.#usage = usage;
    this.#arrivals = arrivals;
    this.clientKey = clientKey;
    // Ahead of the listener that takes the messages out of what comes.
    transport.prependListener('data', (chunk: Buffer) => this.#addPartial(chunk.length));
    const timer = setInterval(this.#keepAlive(), keepAliveMs);
    socket.once('close', () => {
      clearInterval(timer);
      clearTimeout(this.#late);
      this.#hold(-this.#held);
      this.#isClosed = true;
      this.#measure();
    });
  }

  /** Calls back once it is closed: at once if it is. */
  onClosed(run: () => void): void {
    if (this.#isClosed) run();
    else this.#socket.once('close', run);
  }

  /**
   * Passes on each message until it is over a bound.
   *
   * @param take resolves when the message is not under way any more; it must not throw
   */
  onMessage(take: (text: string, message: IncomingMessage) => Promise<void>): void {
    this.#socket.on('message', (data: Buffer) => {
      this.#addPartial(-this.#partial);
      if (this.#isOver) return;
      if (!this.isAcknowledged && data.length > BOUNDS.connectionInit.max)
        return this.close(1009, 'The first message is too large');
      // A text has been looked at already. Some clients send binary messages.
      if (!isUtf8(data)) return this.close(4400, 'The message is not valid UTF-8');
      const text = data.toString();
      const values = countValues(text);
      if (values > BOUNDS.bodyValues.max) return this.close(1009, 'The message has too many values');
      const message = this.#begin(heldBytes(text, values));
      const end = () => {
        message.release();
        this.#underWay -= 1;
        if (this.#socket.isPaused && this.#underWay < BOUNDS.socketMessages.max) this.#socket.resume();
      };
      // One read can bring thousands of small messages, and others would wait for all of them.
      this.#arrivals.take(this.clientKey, () => {
        if (this.#isOver) end();
        else void take(text, message).finally(end);
      });
    });
  }

  /** Whether nothing that comes counts any more. */
  get #isOver(): boolean {
    return this.#isClosed || this.closing !== undefined;
  }

  /** Answers the last of the pings that have come, as RFC 6455 allows, section 5.5.3. */
  #pong(payload: Buffer): void {
    const isDue = this.#pinged !== undefined;
    this.#pinged = payload;
    if (isDue) return;
    this.#arrivals.take(this.clientKey, () => {
      const socket = this.#socket;
      if (socket.readyState === socket.OPEN) socket.pong(this.#pinged);
      this.#pinged = undefined;
      this.#measure();
      if (socket.bufferedAmount > BOUNDS.socketUnread.max) this.close(1013, 'The client reads too slowly');
    });
  }

  /** Resolves when the system has taken the message, so that a slow client only delays its own events. */
  async send(data: string): Promise<void> {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > BOUNDS.socketUnread.max) {
      this.close(1013, 'The client reads too slowly');
      return;
    }
    this.#cork();
    // A connection that fails meanwhile is closed. That ends its operations.
    await new Promise<void>((resolve) => {
      socket.send(data, () => resolve());
      this.#measure();
    });
    this.#measure();
  }

  /** What is sent until all promises have gone on goes out in one system call, which is most of what a message takes. */
  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#transport.cork();
    nextTick(() => {
      this.#isCorked = false;
      this.#transport.uncork();
    });
  }

  /** A client that reads nothing sees no close frame either, so its connection is cut after a while. */
  close(code: number, reason: string): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    const short = fitting(reason);
    this.closing = { code, reason: short };
    socket.close(code, short);
    const cut = setTimeout(() => socket.terminate(), BOUNDS.closing.max);
    socket.once('close', () => clearTimeout(cut));
  }

  cut(): void {
    this.closing ??= { code: 1013, reason: 'The client reads too slowly' };
    this.#socket.terminate();
  }

  #begin(bytes: number): IncomingMessage {
    const excess = this.#usage.excess(this.clientKey, 'held', bytes);
    let kept = bytes;
    this.#hold(bytes);
    this.#underWay += 1;
    if (this.#underWay >= BOUNDS.socketMessages.max) this.#socket.pause();
    return {
      excess,
      release: () => {
        this.#hold(-kept);
        kept = 0;
      },
    };
  }

  #hold(bytes: number): void {
    if (this.#isClosed || bytes === 0) return;
    this.#held += bytes;
    this.#usage.hold(this.clientKey, bytes);
  }

  #addPartial(bytes: number): void {
    const change = Math.max(bytes, -this.#partial);
    this.#partial += change;
    this.#hold(change);
    if (this.#partial === 0) {
      clearTimeout(this.#late);
      this.#late = undefined;
    } else if (!this.#isClosed) this.#late ??= setTimeout(this.#cutLate, BOUNDS.requestTime.max);
  }

  readonly #cutLate = (): void => this.close(1008, 'The message did not arrive in time');

  #measure(): void {
    this.#usage.setUnread(this, this.#isClosed ? 0 : this.#socket.bufferedAmount);
  }

  /** Pings, so that nothing in between takes the connection for idle, and a dead connection is found. */
  #keepAlive(): () => void {
    const socket = this.#socket;
    let isAnswered = true;
    socket.on('pong', (data: Buffer) => {
      isAnswered = true;
      this.#addPartial(-CONTROL_FRAME_BYTES - data.length);
    });
    socket.on('ping', (data: Buffer) => {
      this.#addPartial(-CONTROL_FRAME_BYTES - data.length);
      this.#pong(data);
    });
    return () => {
      if (socket.readyState !== socket.OPEN) return;
      this.#measure();
      if (!isAnswered) return this.close(1013, 'The client does not answer');
      isAnswered = false;
      socket.ping();
    };
  }
}

/** A close frame has 125 bytes, of which the code takes two. */
const MAX_REASON_BYTES = 123;

/** As much of a reason as a close frame can have. No character of it is cut in two. */
function fitting(reason: string): string {
  return new TextDecoder().decode(Buffer.from(reason).subarray(0, MAX_REASON_BYTES), { stream: true });
}
