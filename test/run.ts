/**
 * `npm test [-- --no-skips] [-- GROUP …]`: every group of tests, one after the other, and at the end a list of what was
 * skipped with the reason. Exit status 1 if a group failed, or, with `--no-skips`, if anything was skipped.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(fileURLToPath(import.meta.url), '../..');
const reports = join(root, '.cache/test-reports');

interface Outcome {
  readonly failed: boolean;
  readonly skipped: readonly string[];
  /** Names and first lines of what failed, where the group's runner tells. */
  readonly failures?: readonly string[];
}

interface Group {
  readonly name: string;
  readonly what: string;
  run(): Outcome;
}

function command(program: string, values: readonly string[]): number {
  const { status } = spawnSync(program, values, { cwd: root, stdio: 'inherit', shell: false });
  return status ?? 1;
}

const tool = (name: string, ...values: string[]): Outcome => ({
  failed: command('npx', ['--no-install', name, ...values]) !== 0,
  skipped: [],
});

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** A vitest run over some folders; skipped tests carry their reason in their titles. */
function vitest(name: string, folders: readonly string[], excluded: readonly string[] = []): Outcome {
  const file = join(reports, `${name}.json`);
  const failed =
    command('npx', [
      '--no-install',
      'vitest',
      'run',
      ...folders,
      ...excluded.flatMap((folder) => ['--exclude', folder]),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ]) !== 0;
  const report = JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
  const skipped = report.testResults.flatMap((result) =>
    result.assertionResults
      .filter((test) => test.status !== 'passed' && test.status !== 'failed')
      .map((test) => `${result.name.slice(root.length)}: ${test.fullName}`),
  );
  const failures = report.testResults.flatMap((result) => {
    const file = result.name.slice(root.length);
    const tests = result.assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => `${file}: ${test.fullName}: ${test.failureMessages?.[0]?.split('\n')[0] ?? ''}`);
    return tests.length > 0 || !result.message ? tests : [`${file}: ${result.message.split('\n')[0]}`];
  });
  return { failed, skipped, failures };
}

const SKIPPED = 3;

function workbench(): Outcome {
  const status = command('npx', ['--no-install', 'tsx', 'test/vscode/run.ts', '--retry']);
  return status === SKIPPED
    ? { failed: false, skipped: ['the real workbench, for the reason printed above'] }
    : { failed: status !== 0, skipped: [] };
}

const groups: readonly Group[] = [
  { name: 'types', what: 'TypeScript, strict', run: () => tool('tsc', '--noEmit') },
  { name: 'lint', what: 'format and lint', run: () => tool('biome', 'check', '.') },
  { name: 'build', what: 'the bundles', run: () => tool('tsx', 'build.ts') },
  {
    name: 'unit',
    what: 'assembler, ELF and DWARF, machine, adapter, extension, grammar, guests',
    run: () =>
      vitest('unit', ['test/adapter', 'test/emulator', 'test/extension', 'test/syntaxes', 'test/guests', 'test/bench']),
  },
  {
    name: 'conformance',
    what: 'recorded instruction vectors in both tiers, marks recorded from Bochs',
    run: () => vitest('conformance', ['test/conformance']),
  },
  {
    name: 'dap',
    what: 'the Debug Adapter Protocol through a real adapter process',
    run: () => vitest('dap', ['test/dap']),
  },
  { name: 'workbench', what: 'the packed extension in a real VS Code workbench', run: workbench },
];

function main(): number {
  const words = process.argv.slice(2);
  const noSkips = words.includes('--no-skips');
  const asked = words.filter((word) => !word.startsWith('-'));
  const unknown = asked.find((word) => !groups.some((group) => group.name === word));
  if (unknown) {
    console.error(`There is no group "${unknown}"; the groups are ${groups.map((group) => group.name).join(', ')}.`);
    return 2;
  }
  mkdirSync(reports, { recursive: true });
  const results: { group: Group; outcome: Outcome; seconds: number }[] = [];
  for (const group of groups) {
    if (asked.length > 0 && !asked.includes(group.name)) continue;
    console.log(`\n== ${group.name}: ${group.what}`);
    const start = Date.now();
    const outcome = group.run();
    results.push({ group, outcome, seconds: (Date.now() - start) / 1000 });
  }
  console.log('\n== summary');
  for (const { group, outcome, seconds } of results) {
    const skips = outcome.skipped.length > 0 ? `, ${outcome.skipped.length} skipped` : '';
    console.log(`${outcome.failed ? 'FAIL' : 'ok  '} ${group.name} (${seconds.toFixed(0)} s${skips})`);
    for (const failure of outcome.failures ?? []) console.log(`       failed ${failure}`);
    for (const reason of outcome.skipped) console.log(`       skipped ${reason}`);
  }
  const failed = results.some(({ outcome }) => outcome.failed);
  const skipped = results.some(({ outcome }) => outcome.skipped.length > 0);
  if (noSkips && skipped) console.log('Something was skipped, and --no-skips was asked for.');
  return failed || (noSkips && skipped) ? 1 : 0;
}

process.exitCode = main();
