import { encodeQuery } from '../../ice/sign.ts';
import { submissionParameters, type IceSubmission, type SubmittedMedia } from '../../ice/submission.ts';
import { InputError } from '../errors.ts';
import { visibleAscii } from '../input.ts';

/** A media file as a client names it. */
export interface MediaObjectArgument {
  readonly type: 'OSS' | 'MEDIA' | 'UNKNOWN';
  readonly media: string;
}

/** A submission as a client sends it. `null` and absent mean the same. */
export interface SubmissionArgument {
  readonly inputs: readonly MediaObjectArgument[];
  readonly output: MediaObjectArgument;
  readonly name?: string | null;
  readonly pipelineId?: string | null;
  readonly priority?: number | null;
  readonly userData?: string | null;
}

/** ICE only documents the range of `priority`. The other limits are ours. */
export const SUBMISSION_LIMITS = {
  inputs: 100,
  /** Characters of a media-library id. */
  mediaId: 128,
  /** Characters. */
  name: 256,
  /** Characters. */
  pipelineId: 64,
  priority: 10,
  /** Bytes of UTF-8. */
  userData: 1024,
  /** Bytes of all parameters in the query string. Proxies accept URLs of this length. */
  query: 8192,
} as const;

/**
 * Checks all of a submission before any of it goes to ICE.
 *
 * @param argument the argument that it came in. Errors name the place with it, as in `input.inputs[2].media`
 * @throws {InputError}
 */
export function readSubmission(argument: string, input: SubmissionArgument): IceSubmission {
  const at = (name: string): string => `${argument}.${name}`;
  if (input.inputs.length === 0 || input.inputs.length > SUBMISSION_LIMITS.inputs) {
    const problem = `takes 1 to ${String(SUBMISSION_LIMITS.inputs)} items, got ${String(input.inputs.length)}`;
    throw new InputError(at('inputs'), problem);
  }
  const submission: IceSubmission = {
    inputs: input.inputs.map((media, index) => readMedia(at(`inputs[${String(index)}]`), media)),
    output: readMedia(at('output'), input.output),
    name: ifGiven(at('name'), input.name, readName),
    pipelineId: ifGiven(at('pipelineId'), input.pipelineId, readPipelineId),
    priority: ifGiven(at('priority'), input.priority, readPriority),
    userData: ifGiven(at('userData'), input.userData, readUserData) || null,
  };
  const size = encodeQuery(submissionParameters(submission)).length;
  if (size <= SUBMISSION_LIMITS.query) return submission;
  const problem = `must take at most ${String(SUBMISSION_LIMITS.query)} bytes in a query string, takes ${String(size)}`;
  throw new InputError(argument, problem);
}

/** Reads a value that is there. */
function ifGiven<T>(
  argument: string,
  value: T | null | undefined,
  read: (argument: string, value: T) => T,
): T | null {
  return value === null || value === undefined ? null : read(argument, value);
}

function readMedia(argument: string, { type, media }: MediaObjectArgument): SubmittedMedia {
  if (type === 'UNKNOWN') throw new InputError(`${argument}.type`, 'must be OSS or MEDIA, got UNKNOWN');
  const place = `${argument}.media`;
  if (type === 'MEDIA') return { type, media: visibleAscii(place, media, SUBMISSION_LIMITS.mediaId) };
  if (isObjectUrl(unicode(place, media))) return { type, media };
  // The error does not show the address, as it can be signed.
  throw new InputError(
    place,
    'must be an oss:// or http(s):// URL with a bucket or host and an object key where `type` is OSS',
  );
}

/** The key of an `oss:` URL is verbatim, so it may begin with `?` or `#`. The key of an `http(s):` URL may not. */
function isObjectUrl(text: string): boolean {
  return /^(oss:\/\/[^/?#]+\/[^]|https?:\/\/[^/?#]+\/[^?#])/.test(text) && URL.canParse(text);
}

function readName(argument: string, name: string): string {
  const length = Array.from(unicode(argument, name)).length;
  if (length >= 1 && length <= SUBMISSION_LIMITS.name) return name;
  const problem = `must be 1 to ${String(SUBMISSION_LIMITS.name)} characters, got ${String(length)}`;
  throw new InputError(argument, problem);
}

function readPipelineId(argument: string, id: string): string {
  return visibleAscii(argument, id, SUBMISSION_LIMITS.pipelineId);
}

function readPriority(argument: string, priority: number): number {
  if (priority >= 1 && priority <= SUBMISSION_LIMITS.priority) return priority;
  const problem = `must be 1 to ${String(SUBMISSION_LIMITS.priority)}, got ${String(priority)}`;
  throw new InputError(argument, problem);
}

function readUserData(argument: string, userData: string): string {
  const size = Buffer.byteLength(unicode(argument, userData));
  if (size <= SUBMISSION_LIMITS.userData) return userData;
  const problem = `must be at most ${String(SUBMISSION_LIMITS.userData)} bytes of UTF-8, got ${String(size)}`;
  throw new InputError(argument, problem);
}

/** JSON can carry half of a surrogate pair. UTF-8 has no bytes for it. */
function unicode(argument: string, text: string): string {
  if (text.isWellFormed()) return text;
  throw new InputError(argument, 'must be Unicode text, got half of a surrogate pair');
}
