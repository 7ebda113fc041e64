import { execFileSync } from 'node:child_process';
import { root } from './install.ts';

/** Builds the bundles and packs them into dist/shadowstep.vsix; the report is shown when it fails. */
export function packageExtension(): void {
  try {
    execFileSync('npm', ['run', '--silent', 'package'], { cwd: root, stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer };
    throw new Error(`npm run package failed:\n${stdout ?? ''}${stderr ?? ''}`);
  }
}
