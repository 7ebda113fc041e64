import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './install.ts';
import { vsix } from './scenario.ts';

/** Builds the bundles and packs them, as `npm run package` does. */
export function packageExtension(): void {
  const node = (...args: string[]): void => {
    execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  };
  node(join(root, 'node_modules/tsx/dist/cli.mjs'), 'build.ts', '--release');
  node(join(root, 'node_modules/@vscode/vsce/vsce'), 'package', '--no-dependencies', '--out', vsix);
}
