import { join } from 'node:path';
import { sha256 } from './hash.ts';
import { makeFolder } from './folder.ts';

/** Writes a manifest for the running test; gives its path. */
export function writeManifest(manifest: unknown): string {
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
  return join(makeFolder({ 'manifest.json': text }), 'manifest.json');
}

/** A manifest of these documents in Apollo's format. */
export function apolloManifest(...bodies: readonly string[]) {
  return {
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: bodies.map((body) => ({ id: sha256(body), body, name: 'Any', type: 'query' })),
  };
}
