import type { Encoding } from './compression.ts';

/** The compressed bodies of one response that were sent so far. */
export class CompressedBodies {
  br: Buffer | undefined;
  gzip: Buffer | undefined;
  /** Is called when a body was added. */
  onAdded: (() => void) | undefined;

  /** How many bytes they take. */
  get bytes(): number {
    return (this.br?.length ?? 0) + (this.gzip?.length ?? 0);
  }

  /** How many there are. */
  get count(): number {
    return Number(this.br !== undefined) + Number(this.gzip !== undefined);
  }

  add(encoding: Encoding, body: Buffer): void {
    this[encoding] = body;
    this.onAdded?.();
  }
}
