import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { isJsonObject } from '../../json-object.ts';
import { LOOPBACK_ORIGIN } from '../../loopback.ts';

export interface PagesOptions {
  /** The folder `web/build.ts` writes, as a file URL that ends in a slash. */
  readonly directory: URL;
  /** What a proxy may have left before the path, such as `/jobs`. @default nothing */
  readonly pathPrefix?: string | undefined;
  /** Whether the player of the board may ask servers of this machine by http. @default false */
  readonly playsLoopback?: boolean | undefined;
}

/** A page may only run its own scripts, workers and styles, and only talk to its own origin. */
const BOARD_POLICY = [
  "default-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The characters of a host and a port. A `;` or a space would begin something else in a policy. */
const MEDIA_ORIGIN = /^https:\/\/[a-z0-9]([\w.-]*[a-z0-9])?(:\d{1,5})?$/;

/**
 * The policy of the player, a page in the board that has no token. It may ask the one origin that its address names, and
 * nothing else: not the gateway either. So what is asked to be played can neither act as the viewer nor send anything
 * elsewhere, and the board's own policy need not name any other origin.
 */
function playerPolicy(origin: unknown, playsLoopback: boolean): string {
  const isAllowed =
    typeof origin === 'string' &&
    (MEDIA_ORIGIN.test(origin) || (playsLoopback && LOOPBACK_ORIGIN.test(origin)));
  const media = isAllowed ? origin : "'none'";
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src ${media}`,
    // hls.js hands what it has read to the video as a blob.
    `media-src ${isAllowed ? `blob: ${origin}` : media}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; ');
}

const IDE_POLICY = [
  BOARD_POLICY,
  // The editor, Monaco, sizes and colours its lines by style elements and attributes.
  "style-src 'self' 'unsafe-inline'",
  // Monaco's own CSS has its squiggles and arrows as data.
  "img-src 'self' data:",
].join('; ');

const SECURITY_HEADERS = {
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/**
 * Serves the built pages, the IDE at `/` and the job board at `/board`, and the files they load.
 *
 * Every file that exists at the start gets a route of its own. So an unknown path is the app's 404, and no path can be
 * traversed. A rebuild shows after a restart. Vite names the files in `assets/` by their content, so clients cache them for
 * a year. The page itself is revalidated each time, by its ETag.
 */
export async function pages(app: FastifyInstance, options: PagesOptions): Promise<void> {
  const { directory, pathPrefix, playsLoopback = false } = options;
  const assets = fileURLToPath(new URL('assets/', directory));
  const board = fileURLToPath(new URL('board', directory));
  const player = fileURLToPath(new URL('board/player.html', directory));
  const policyOf = (path: string, query: unknown) => {
    if (path.startsWith(player)) return playerPolicy(originIn(query), playsLoopback);
    return path.startsWith(board) ? BOARD_POLICY : IDE_POLICY;
  };
  await app.register(fastifyStatic, {
    root: directory,
    wildcard: false,
    globIgnore: ['**/*.{br,gz}'],
    preCompressed: true,
    cacheControl: false,
    setHeaders(reply, path) {
      const isHashed = path.startsWith(assets);
      reply.headers(SECURITY_HEADERS);
      reply.header('content-security-policy', policyOf(path, reply.request.query));
      reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  // Its relative links begin in another folder than those of `/board/`.
  const page = existsSync(new URL('board.html', directory)) ? 'board.html' : 'board/index.html';
  if (pathPrefix !== undefined) {
    app.get(pathPrefix, ({ url }, reply) => reply.redirect(url.replace(pathPrefix, `${pathPrefix}/`), 308));
  }
  app.get('/board', (_request, reply) => reply.sendFile(page));
}

function originIn(query: unknown): unknown {
  return isJsonObject(query) ? query['origin'] : undefined;
}

/** Whether `directory` holds built pages. A production install (`npm ci --omit=dev`) has none. */
export function arePagesBuilt(directory: URL): boolean {
  return existsSync(new URL('index.html', directory));
}
