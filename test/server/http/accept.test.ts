import { describe, expect, it } from 'vitest';
import { acceptedBy, prefersPage } from '../../../src/server/http/accept.ts';

const PLAIN = 'application/json';
const RESPONSE = 'application/graphql-response+json';
const SSE = 'text/event-stream';
const MULTIPART = 'multipart/mixed';

describe('an Accept header', () => {
  it.for([
    [undefined, PLAIN, undefined],
    ['', PLAIN, undefined],
    ['*/*', PLAIN, undefined],
    ['application/*', PLAIN, undefined],
    [RESPONSE, RESPONSE, undefined],
    [`${RESPONSE}, ${PLAIN}`, RESPONSE, undefined],
    [`${PLAIN}, ${RESPONSE}`, PLAIN, undefined],
    [`${PLAIN};q=0.5, ${RESPONSE}; q=0.9`, RESPONSE, undefined],
    [`*/*, ${PLAIN};q=0`, RESPONSE, undefined],
    [`${PLAIN}; charset=utf-8`, PLAIN, undefined],
    ['text/html', undefined, undefined],
    [`${PLAIN};q=0, ${RESPONSE};q=0.0`, undefined, undefined],
    [SSE, undefined, SSE],
    ['Text/Event-Stream; q=0.5', undefined, SSE],
    [`${SSE};q=0, */*`, PLAIN, undefined],
    [`${PLAIN}, ${SSE}`, PLAIN, SSE],
    ['text/*', undefined, undefined],
    // urql
    [`${SSE}, ${MULTIPART}`, undefined, SSE],
    // Apollo Client, Apollo Kotlin
    [`${MULTIPART};boundary=graphql;subscriptionSpec=1.0,${RESPONSE},${PLAIN};q=0.9`, RESPONSE, MULTIPART],
    [`${MULTIPART};subscriptionSpec="1.0"; boundary="graphql"`, undefined, MULTIPART],
    [`${MULTIPART};subscriptionSpec=2.0`, undefined, undefined],
    [MULTIPART, undefined, undefined],
    [`${SSE};q=0.1, ${MULTIPART};subscriptionSpec=1.0`, undefined, MULTIPART],
    [`${SSE}, ${MULTIPART};subscriptionSpec=1.0`, undefined, SSE],
  ] as const)('%s takes JSON as %s and a stream as %s', ([accept, json, stream]) => {
    expect(acceptedBy(accept === undefined ? {} : { accept })).toEqual({ json, stream });
  });

  it.for([
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
    ['text/html', true],
    ['application/json, text/html;q=0.9', false],
    ['*/*', false],
    [undefined, false],
  ] as const)('%s prefers a page: %s', ([accept, prefers]) => {
    expect(prefersPage(accept === undefined ? {} : { accept })).toBe(prefers);
  });
});
