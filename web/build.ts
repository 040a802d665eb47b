// Builds the pages of this folder into web/dist. npm runs it after `npm ci`, and as `npm run build:web`.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));
const outDir = join(root, 'dist');

if (isInstalled('vite')) await buildPages();
else console.log('web: vite is not installed, so the IDE and the job board are left out');

async function buildPages(): Promise<void> {
  const startedAt = performance.now();
  // React is built for development if the environment says so.
  process.env['NODE_ENV'] = 'production';
  const { build } = await import('vite');
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    plugins: [fontFiles()],
    build: {
      outDir,
      modulePreload: { polyfill: false },
      // The board's policy lets in no data: images.
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      // 'use client' means nothing in a bundle, and half of React's libraries say it.
      rolldownOptions: {
        input: [join(root, 'index.html'), join(root, 'board/index.html')],
        checks: { moduleLevelDirective: false },
      },
      // Monaco is one chunk, loaded after the page's first paint.
      chunkSizeWarningLimit: 4_000,
    },
  });
  const sizes = await compressFiles();

  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.log(`web: built in ${seconds} s, ${inMegabytes(sizes.plain)}, gzip ${inMegabytes(sizes.gzip)}`);
}

/**
 * Turns the fonts that GraphiQL's style carries as base64 into files: the browser then fetches the few
 * whose `unicode-range` it needs, after the first paint, and `font-src` stays `'self'`.
 */
function fontFiles(): Plugin {
  return {
    name: 'font-files',
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'asset' || !file.fileName.endsWith('.css')) continue;
        const style = typeof file.source === 'string' ? file.source : Buffer.from(file.source).toString();
        file.source = style.replaceAll(
          /data:font\/(\w+);base64,([\w+/=]+)/g,
          (_url, extension: string, base64: string) => {
            const source = Buffer.from(base64, 'base64');
            const id = this.emitFile({ type: 'asset', name: `font.${extension}`, source });
            return `/${this.getFileName(id)}`;
          },
        );
      }
    },
  };
}

/**
 * Writes `<file>.gz` and `<file>.br` beside each text file, for the server to pick from. Resolves to the bytes of
 * all files, as they are and as gzip sends them.
 */
async function compressFiles(): Promise<{ plain: number; gzip: number }> {
  const files = await readdir(outDir, { recursive: true, withFileTypes: true });
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
    // 9 of 11: more takes seconds, for less than a tenth of the size.
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
