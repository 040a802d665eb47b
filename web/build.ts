// Builds the pages of this folder into web/dist. npm runs this file after `npm ci` and for `npm run build:web`.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const OUT_DIR = join(ROOT, 'dist');

if (isInstalled('vite')) await buildPages();
else console.log('web: vite is not installed, so the IDE and the job board are left out');

async function buildPages(): Promise<void> {
  const startedAt = performance.now();
  // With another value in the environment, React would be built for development.
  process.env['NODE_ENV'] = 'production';
  const { build } = await import('vite');
  await build({
    root: ROOT,
    configFile: false,
    // A proxy can have a prefix before all paths.
    base: './',
    logLevel: 'warn',
    build: {
      outDir: OUT_DIR,
      modulePreload: { polyfill: false },
      // The content security policy of the board forbids data: images.
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      // Many React libraries have 'use client' directives, which have no meaning in a bundle.
      rolldownOptions: {
        input: ['index.html', 'board/index.html', 'board/player.html'].map((page) => join(ROOT, page)),
        checks: { moduleLevelDirective: false },
      },
      // Monaco is one large chunk. It loads after the first paint of the page.
      chunkSizeWarningLimit: 4_000,
    },
  });
  await writeBoardWithoutSlash();
  const sizes = await compressFiles();

  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.log(`web: built in ${seconds} s, ${inMegabytes(sizes.plain)}, gzip ${inMegabytes(sizes.gzip)}`);
}

/** Writes the board once more as `board.html`: at `/board`, relative addresses begin in the folder above that of `/board/`. */
async function writeBoardWithoutSlash(): Promise<void> {
  const page = await readFile(join(OUT_DIR, 'board/index.html'), 'utf8');
  await writeFile(join(OUT_DIR, 'board.html'), page.replaceAll('"../', '"./'));
}

/**
 * Writes `<file>.gz` and `<file>.br` beside each text file. The server sends the one that the client accepts.
 * Resolves to the total size of all files in bytes, uncompressed and with gzip.
 */
async function compressFiles(): Promise<{ plain: number; gzip: number }> {
  const files = await readdir(OUT_DIR, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => compressFile(join(file.parentPath, file.name))),
  );
  return {
    plain: sizes.reduce((sum, size) => sum + size.plain, 0),
    gzip: sizes.reduce((sum, size) => sum + size.gzip, 0),
  };
}

async function compressFile(path: string): Promise<{ plain: number; gzip: number }> {
  const plain = await readFile(path);
  if (!/\.(html|css|js|svg|ttf)$/.test(path)) return { plain: plain.length, gzip: plain.length };

  const [gzipped, brotli] = await Promise.all([
    promisify(gzip)(plain, { level: constants.Z_BEST_COMPRESSION }),
    // Levels above 9 (of 11) take seconds longer and make files less than a tenth smaller.
    promisify(brotliCompress)(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  ]);
  await Promise.all([writeFile(`${path}.gz`, gzipped), writeFile(`${path}.br`, brotli)]);
  return { plain: plain.length, gzip: gzipped.length };
}

function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return false;
    throw error;
  }
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
