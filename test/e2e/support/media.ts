import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../../support/program.ts';

export const ffmpeg = findProgram({
  name: 'FFmpeg',
  candidates: ['ffmpeg'],
  install: 'apt-get install --yes ffmpeg',
});

/** A server of packages, as a bucket is one. */
export interface Media {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** The paths that were asked for, in turn. */
  readonly requests: string[];
  close(): Promise<void>;
}

/**
 * A server of an HLS package of two seconds in green, as FFmpeg makes it. What the first folder of a path is called
 * decides how it is answered: `open` with CORS, `closed` without, a status with that status and CORS, `text` with a page.
 * `elsewhere` has a playlist whose parts are on another host.
 */
export async function startMedia(): Promise<Media> {
  const folder = await mkdtemp(join(tmpdir(), 'media-'));
  const size = 'color=c=0x008000:size=320x180:rate=10:duration=2';
  const args = [
    '-loglevel',
    'error',
    '-f',
    'lavfi',
    '-i',
    size,
    '-c:v',
    'libx264',
    '-pix_fmt',
    'yuv420p',
    '-g',
    '10',
  ];
  await promisify(execFile)(ffmpeg.path, [
    ...args,
    '-f',
    'hls',
    '-hls_time',
    '1',
    join(folder, 'master.m3u8'),
  ]);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://media');
    requests.push(pathname);
    const [, kind = '', file = ''] = pathname.split('/');
    if (kind !== 'closed') response.setHeader('access-control-allow-origin', '*');
    const read = async () => {
      if (/^\d+$/.test(kind)) response.statusCode = Number(kind);
      if (kind === 'text') return '<!doctype html>';
      const bytes = await readFile(join(folder, file));
      return kind === 'elsewhere' ? bytes.toString().replace('master0', 'https://elsewhere.test/0') : bytes;
    };
    read().then(
      (body) => response.end(body),
      () => response.writeHead(404).end(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      await rm(folder, { recursive: true });
    },
  };
}
