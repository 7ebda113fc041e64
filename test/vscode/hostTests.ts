import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import type { HostReport } from './host/index.ts';
import { root } from './install.ts';

const out = join(root, '.cache/vscode/host');

/** Runs the mocha tests in a VS Code extension host, the extension loaded from the project's folder. */
export async function hostTests(): Promise<void> {
  mkdirSync(out, { recursive: true });
  const tests = join(out, 'index.cjs');
  await build({
    entryPoints: [join(root, 'test/vscode/host/index.ts')],
    outfile: tests,
    ...{ bundle: true, format: 'cjs', platform: 'node', target: 'node20', logLevel: 'warning' },
    // Mocha finds parts of itself by path.
    external: ['vscode', 'mocha'],
  });
  const report = join(out, 'report.json');
  rmSync(report, { force: true });
  const status = await runTests({
    vscodeExecutablePath: join(root, 'test/vscode/shim.mjs'),
    extensionDevelopmentPath: root,
    extensionTestsPath: tests,
    launchArgs: [join(root, 'extension/samples')],
    extensionTestsEnv: { SHADOWSTEP_HOST_REPORT: report },
  }).catch((error: Error) => error.message);
  assert(existsSync(report), `the extension host never reported: ${status}`);
  const { complete, running, results } = JSON.parse(readFileSync(report, 'utf8')) as HostReport;
  for (const { title, state, error } of results) console.log(`  ${state} ${title}${error ? `\n${error}` : ''}`);
  assert(complete, `the extension host ended during "${running}"`);
  assert.deepEqual(
    results.filter(({ state }) => state !== 'pass').map(({ title }) => title),
    [],
  );
  assert(results.length > 0, 'the extension host ran no test');
  assert.equal(status, 0);
}
