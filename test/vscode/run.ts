/**
 * The extension in a real workbench: `tsx test/vscode/run.ts [host | views | journey | …]`. Packs the extension, installs the .vsix into a
 * fresh workbench and drives it as a person would. Screenshots come to lie in dist/screenshots. Exit status 0: all
 * passed; 1: a failure; 3: this machine cannot run it, for the reason printed.
 *
 *   --packed    take dist/shadowstep.vsix as it is
 *   --pictures  take the pictures of the walkthrough and of the README again (two journeys)
 *   --retry     play a part that fails once more, and say so
 */
import { rmSync } from 'node:fs';
import { firstSteps, restrictedMode } from './firstSteps.ts';
import { hostTests } from './hostTests.ts';
import { install, obstacle } from './install.ts';
import { missedEndbranch, smashedReturn } from './journey.ts';
import { packageExtension } from './package.ts';
import { secondProcessor } from './processors.ts';
import { screenshots } from './scenario.ts';
import { views } from './views.ts';

const parts: Record<string, () => Promise<void>> = {
  host: hostTests,
  'first-steps': () => firstSteps('dark'),
  restricted: () => restrictedMode('dark'),
  'views-dark': () => views('dark'),
  'views-light': () => views('light'),
  'journey-dark': () => smashedReturn('dark'),
  'journey-light': () => smashedReturn('light'),
  'endbranch-dark': () => missedEndbranch('dark'),
  'processors-light': () => secondProcessor('light'),
};

async function main(): Promise<number> {
  const reason = obstacle();
  if (reason) {
    console.log(`skipped: ${reason}.`);
    return 3;
  }
  const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
  const chosen = Object.keys(parts).filter((name) => asked.length === 0 || asked.some((word) => name.startsWith(word)));
  install();
  if (!process.argv.includes('--packed')) packageExtension();
  rmSync(screenshots, { recursive: true, force: true });
  let failures = 0;
  for (const name of chosen) {
    const start = Date.now();
    let failure = await attempt(parts[name]!);
    if (failure && process.argv.includes('--retry')) {
      console.log(`again ${name}, which failed:\n${failure}`);
      failure = await attempt(parts[name]!);
    }
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    console.log(`${failure ? 'FAIL' : 'ok  '} ${name} (${seconds} s)${failure ? `\n${failure}` : ''}`);
    if (failure) failures++;
  }
  return failures > 0 ? 1 : 0;
}

async function attempt(part: () => Promise<void>): Promise<string | undefined> {
  try {
    await part();
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

// Leaving through process.exit lets the 'exit' handlers end the server's and the browser's processes.
for (const [signal, status] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGHUP', 129],
] as const) {
  process.on(signal, () => process.exit(status));
}
process.exit(await main());
