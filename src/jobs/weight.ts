import type { PackageJob } from './model.ts';
import { textBytes } from './text.ts';

/** What a state takes besides its free texts, and each input besides its text. In bytes, as measured on 64 bits. */
const JOB_BYTES = 750;
const MEDIA_BYTES = 70;

/** What a state of a job takes in memory, in bytes. */
export function jobBytes({ name, inputs, output, outputUrl, code, message, userData }: PackageJob): number {
  let bytes = JOB_BYTES;
  for (const text of [name, output?.media, outputUrl, code, message, userData])
    bytes += textBytes(text ?? '');
  for (const { media } of inputs) bytes += MEDIA_BYTES + textBytes(media ?? '');
  return bytes;
}
