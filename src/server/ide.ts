import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

export interface IdeOptions {
  /** The folder `web/build.ts` writes, as a file URL that ends in a slash. */
  readonly directory: URL;
}

/** A page runs its own scripts, workers and styles only, and talks to no origin but its own. */
const boardPolicy = [
  "default-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const idePolicy = [
  boardPolicy,
  // The editor, Monaco, sizes and colours its lines by style elements and attributes.
  "style-src 'self' 'unsafe-inline'",
  // Monaco's own CSS has its squiggles and arrows as data.
  "img-src 'self' data:",
].join('; ');

const securityHeaders = {
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/**
 * Serves the built pages, the IDE at `/` and the job board at `/board`, and the files they load.
 *
 * Every file found at start gets its own route and nothing else does, so an unknown path is the app's 404 and
 * there is no path to traverse; a rebuild shows after a restart. Vite names the files in `assets/` by their
 * content, so they are kept for a year; the page itself is asked for again each time, by its ETag.
 */
export async function ide(app: FastifyInstance, { directory }: IdeOptions): Promise<void> {
  const assets = fileURLToPath(new URL('assets/', directory));
  const board = fileURLToPath(new URL('board/', directory));
  await app.register(fastifyStatic, {
    root: directory,
    wildcard: false,
    globIgnore: ['**/*.{br,gz}'],
    preCompressed: true,
    cacheControl: false,
    setHeaders(reply, path) {
      const isHashed = path.startsWith(assets);
      reply.headers(securityHeaders);
      reply.header('content-security-policy', path.startsWith(board) ? boardPolicy : idePolicy);
      reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  // The page links by absolute paths, so it is the same with a slash at its end and without.
  app.get('/board', (_request, reply) => reply.sendFile('board/index.html'));
}

/** Whether `directory` holds built pages. A production install (`npm ci --omit=dev`) has none. */
export function isIdeBuilt(directory: URL): boolean {
  return existsSync(new URL('index.html', directory));
}
