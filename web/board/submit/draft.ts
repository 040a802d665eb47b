import type {
  JobDetailsFragment,
  MediaFragment,
  MediaObjectInput,
  SubmitPackageJobInput,
} from '../gql/graphql.ts';

/** What is in the form, as text. */
export interface Draft {
  readonly inputs: readonly MediaDraft[];
  readonly output: MediaDraft;
  readonly name: string;
  readonly pipelineId: string;
  readonly priority: string;
  readonly userData: string;
}

/** A media file, by its address in OSS or by its id in the media library. */
export interface MediaDraft {
  /** It stays the same while rows come and go. */
  readonly key: number;
  readonly type: 'OSS' | 'MEDIA';
  readonly media: string;
}

let lastKey = 0;

export function newMedia(media = '', type: MediaDraft['type'] = 'OSS'): MediaDraft {
  lastKey += 1;
  return { key: lastKey, type, media };
}

export function emptyDraft(): Draft {
  return { inputs: [newMedia()], output: newMedia(), name: '', pipelineId: '', priority: '', userData: '' };
}

/** The same again, as a new job. */
export function draftOf({ inputs, output, name, pipelineId, priority, userData }: JobDetailsFragment): Draft {
  return {
    inputs: inputs.length > 0 ? inputs.map(mediaOf) : [newMedia()],
    output: output ? mediaOf(output) : newMedia(),
    name: name ?? '',
    pipelineId: pipelineId ?? '',
    priority: priority === null ? '' : String(priority),
    userData: userData ?? '',
  };
}

function mediaOf({ type, media }: MediaFragment): MediaDraft {
  return newMedia(media ?? '', type === 'MEDIA' ? 'MEDIA' : 'OSS');
}

/** Media from text with one in each line. A line may have spaces. What has `://` is an address. */
export function mediaInLines(text: string): MediaDraft[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .map((line) => newMedia(line, line.includes('://') ? 'OSS' : 'MEDIA'));
}

/** What is sent. A field that is empty is left out, so that ICE chooses. */
export function inputOf({
  inputs,
  output,
  name,
  pipelineId,
  priority,
  userData,
}: Draft): SubmitPackageJobInput {
  return {
    inputs: inputs.map(sent),
    output: sent(output),
    ...(name.trim() && { name: name.trim() }),
    ...(pipelineId.trim() && { pipelineId: pipelineId.trim() }),
    ...(priority && { priority: Number(priority) }),
    ...(userData && { userData }),
  };
}

function sent({ type, media }: MediaDraft): MediaObjectInput {
  return { type, media: media.trim() };
}
