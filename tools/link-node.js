// Links the Node.js of this platform into node_modules/.bin, where npm removed the link. Before version 11.6.2, npm
// does so when it skips the packages of other platforms, as their programs have the same name. Runs on any Node.js.
import { execSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);
const installed = readdirSync(new URL('node_modules/', root)).find((name) =>
  /^node-(bin-)?(darwin|linux|win)-\w+$/.test(name),
);

if (installed !== undefined && !existsSync(new URL('node_modules/.bin/node', root))) {
  execSync(`npm rebuild --ignore-scripts ${installed}`, { cwd: fileURLToPath(root), stdio: 'pipe' });
}
