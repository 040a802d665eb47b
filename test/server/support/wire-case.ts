import type { Bytes } from './wire-request.ts';

/** One kind of request, and what every specification has for it. */
export interface Case {
  readonly name: string;
  readonly bytes: Bytes;
  readonly status: number;
  /** The code of the error. `undefined`: the response has the data of the job. */
  readonly code?: string;
  /** The media type. @default application/json */
  readonly type?: string;
  /** A header that the response must have. */
  readonly header?: readonly [name: string, value: RegExp];
}

export const RESPONSE = 'application/graphql-response+json';
