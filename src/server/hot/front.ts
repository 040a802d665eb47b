import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { LRUCache } from 'lru-cache';
import { createAnswer, represent, type Answer, type Representation } from '../answer.ts';
import type { Answers, WholeAnswer } from './answers.ts';
import type { Lifetimes } from '../caching.ts';
import type { OperationRecord } from '../context.ts';
import { Doorkeeper } from './doorkeeper.ts';
import type { PreparedOperations } from './prepared.ts';
import { serverTimingOfHits } from '../receipt.ts';
import { requestIdOf } from '../request-id.ts';
import { readOperation } from './request-text.ts';
import { answerByTicket, type Ticket } from './ticket.ts';

/** Most kinds of requests that are known to be accepted. */
const MAX_HEADS = 1000;

/** Most requests that are remembered to have come once. */
const MAX_ASKED = 16_384;

export interface FrontOptions {
  readonly answers: Answers;
  /** `undefined`: only answers that are kept are given. */
  readonly prepared: PreparedOperations | undefined;
  readonly lifetimes: Lifetimes;
  readonly now: () => number;
  /** Told of each answer given. */
  readonly onAnswered: (request: IncomingMessage, response: ServerResponse, requestId: string) => void;
  /** Told of errors that are the gateway's own; the request goes on. */
  readonly onBug: (error: unknown) => void;
}

/** What was answered to a request, by whom it was not before the front. */
export interface Answered {
  readonly answer: Answer;
  readonly record: OperationRecord;
  /** All headers it was answered with. */
  readonly headers: Readonly<Record<string, unknown>>;
}

/**
 * Answers what was asked before, ahead of the router and of Apollo Server. Only requests are answered whose method and
 * decisive headers are those of one that passed all checks, and by what was checked with them: the very request, or the
 * same operation. All others go on as they came.
 */
export interface Front {
  /** Puts the front before a listener. */
  before(listener: RequestListener): RequestListener;
  /** Learns from an answer without errors that the listener gave. */
  learn(request: IncomingMessage, answered: Answered): void;
  /** Lets every request that comes from now on go on. */
  stop(): void;
  /** Whether the request had come before the front was stopped, although it only went on after that. */
  isUnderWay(request: IncomingMessage): boolean;
}

/** Headers of the answer to one request, which another does not get. */
const OF_ONE_REQUEST = new Set([
  'cache-control',
  'connection',
  'etag',
  'retry-after',
  'server-timing',
  'x-request-id',
]);

export function createFront({ answers, prepared, lifetimes, now, onAnswered, onBug }: FrontOptions): Front {
  const tickets = new WeakMap<IncomingMessage, Ticket>();
  /** The headers that all answers to such requests have, names and values in turn. */
  const heads = new LRUCache<string, readonly string[]>({ max: MAX_HEADS });
  /** Answers of prepared operations are kept when they are asked for again, as most never are. */
  const asked = new Doorkeeper(MAX_ASKED);
  /** Requests that came before the front was stopped, and went on after that. */
  const underWay = new WeakSet<IncomingMessage>();
  let isStopped = false;

  function whole(answer: Answer, record: OperationRecord, head: readonly string[]): WholeAnswer {
    const { body, etag, compressed, headers } = answer;
    const timing = ['server-timing', serverTimingOfHits(record.shown.size)];
    return {
      body,
      etag,
      compressed,
      head: [...head, ...Object.entries(headers).flat(), ...timing],
      madeAt: now(),
    };
  }

  function prepare(ticket: Ticket, request: IncomingMessage): WholeAnswer | undefined {
    const head = prepared && heads.get(ticket.head);
    const operation = head && readOperation(ticket);
    const found = operation && prepared.answer(operation);
    if (!found) return undefined;
    const answer = createAnswer(found.text, found.record, request, lifetimes);
    const ready = whole(answer, found.record, head);
    if (asked.knows(ticket.key)) answers.keep(ticket, ready, answer.shown);
    return ready;
  }

  /** Whether the request was answered. */
  function answer(ticket: Ticket, request: IncomingMessage, response: ServerResponse): boolean {
    const answer = answers.get(ticket) ?? prepare(ticket, request);
    if (answer === undefined) return false;
    const requestId = requestIdOf(request.headers);
    const send = (representation: Representation) => {
      const ageS = Math.floor((now() - answer.madeAt) / 1000);
      // Else the client would keep an idle connection open, and closing would wait for it.
      if (isStopped) response.shouldKeepAlive = false;
      write(response, answer, representation, requestId, ageS);
      onAnswered(request, response, requestId);
    };
    const representation = represent(answer, request);
    if (!(representation instanceof Promise)) send(representation);
    else {
      representation.then(send).catch((error: unknown) => {
        onBug(error);
        response.destroy();
      });
    }
    return true;
  }

  function tryToAnswer(ticket: Ticket, request: IncomingMessage, response: ServerResponse): boolean {
    try {
      return answer(ticket, request, response);
    } catch (error) {
      onBug(error);
      return false;
    }
  }

  return {
    before: (listener) => (request, response) => {
      if (isStopped) return listener(request, response);
      const others = () => {
        if (isStopped) underWay.add(request);
        listener(request, response);
      };
      const answerIfKnown = (ticket: Ticket) => {
        if (tryToAnswer(ticket, request, response)) return true;
        tickets.set(request, ticket);
        return false;
      };
      return answerByTicket(request, answerIfKnown, others);
    },
    learn(request, { answer, record, headers }) {
      const ticket = tickets.get(request);
      if (ticket === undefined) return;
      const head = Object.entries(headers).flatMap(([name, value]) =>
        OF_ONE_REQUEST.has(name) ? [] : [name, String(value)],
      );
      heads.set(ticket.head, head);
      answers.keep(ticket, whole(answer, record, head), answer.shown);
      const operation = record.query && readOperation(ticket);
      if (operation && record.query) prepared?.learn(operation, record.query);
    },
    stop() {
      isStopped = true;
    },
    isUnderWay: (request) => underWay.has(request),
  };
}

function write(
  response: ServerResponse,
  { head }: WholeAnswer,
  { body, encoding }: Representation,
  requestId: string,
  ageS: number,
): void {
  const headers = head.concat('x-request-id', requestId);
  if (ageS > 0) headers.push('age', String(ageS));
  if (encoding !== undefined) headers.push('content-encoding', encoding);
  if (body !== undefined) headers.push('content-length', String(Buffer.byteLength(body)));
  response.writeHead(body === undefined ? 304 : 200, headers).end(body);
}
