/**
 * Runs a local build of kvm-unit-tests on this machine and remakes the table.
 *
 *   npx tsx test/conformance/kvm-unit-tests/run.ts --build DIR [--arch x86_64|i386] [--record]
 *       [--qemu PATH | --bochs PATH] [NAME …]
 *
 * DIR holds one folder for each architecture (`x86_64`, `i386`) as the suite's own `make` leaves it, with
 * `unittests.cfg` in it or in `x86/`. Every test runs in a `shadowstep run` of its own, with limits of steps and time.
 * `--record` writes results.json and the README's table; without it the runs are only printed. `--qemu` and `--bochs`
 * run the same images under another emulator, and `--record` then writes its counts beside this machine's.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { notForBochs, runUnderBochs } from './bochs.ts';
import { ARCHITECTURES, type Architecture, parseConfiguration, type UnitTest } from './config.ts';
import { exclusionOf, skipReasonOf } from './exclusions.ts';
import { execute } from './execute.ts';
import { environmentOf, qemuArguments, runArguments } from './invocation.ts';
import { readOutcome } from './output.ts';
import { mergeRows, type Row, type Table, withTable } from './table.ts';

const here = dirname(fileURLToPath(import.meta.url));
const command = join(here, '../../../dist/cli.cjs');
const scratch = mkdtempSync(join(tmpdir(), 'kvm-unit-tests-'));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    build: { type: 'string' },
    arch: { type: 'string' },
    qemu: { type: 'string' },
    bochs: { type: 'string' },
    seconds: { type: 'string', default: '3600' },
    steps: { type: 'string', default: '200000000000' },
    jobs: { type: 'string', default: '1' },
    logs: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (values.build === undefined) throw new Error('--build is missing: the folder of a local build is expected.');
  if (!existsSync(command)) throw new Error('dist/cli.cjs is missing: npm run build makes it.');
  const architectures = ARCHITECTURES.filter((arch) => values.arch === undefined || values.arch === arch);
  if (architectures.length === 0)
    throw new Error(`--arch is ${values.arch}; ${ARCHITECTURES.join(' or ')} is expected.`);
  const tests = parseConfiguration(readFileSync(configurationFile(values.build), 'utf8'));
  const unknown = positionals.find((name) => !tests.some((test) => test.name === name));
  if (unknown !== undefined) throw new Error(`${unknown} is not a test of unittests.cfg.`);
  const planned = architectures.flatMap((arch) =>
    tests
      .filter((test) => test.arch === undefined || test.arch === arch)
      .filter(({ name }) => positionals.length === 0 || positionals.includes(name))
      .map((test) => ({ test, arch })),
  );
  const rows = await inParallel(Number(values.jobs), planned, async ({ test, arch }) => {
    const row = await runOne(test, arch, values.build!);
    print(row);
    // At once: a whole run takes hours.
    if (values.record) record(tests, [row]);
    return row;
  });
  if (rows.some(({ verdict }) => !['pass', 'skip', 'excluded'].includes(verdict))) process.exitCode = 1;
}

function configurationFile(build: string): string {
  const places = ['x86_64', 'i386', ''].flatMap((folder) => [
    join(build, folder, 'unittests.cfg'),
    join(build, folder, 'x86/unittests.cfg'),
  ]);
  const found = places.find(existsSync);
  if (found === undefined) throw new Error(`${build} has no unittests.cfg; it stands in the suite's x86/ folder.`);
  return found;
}

async function runOne(test: UnitTest, arch: Architecture, build: string): Promise<Row> {
  const row = { test: test.name, arch };
  const reason = exclusionOf(test);
  if (reason !== undefined) return { ...row, verdict: 'excluded', reason };
  const image = join(build, arch, 'x86', test.file);
  if (!existsSync(image))
    return { ...row, verdict: 'excluded', reason: `the suite builds no ${test.file} for ${arch}` };
  const log = values.logs === undefined ? {} : { log: join(values.logs, `${test.name}.${arch}.log`) };
  if (values.bochs !== undefined && notForBochs(test) !== undefined) return { ...row, verdict: 'excluded' };
  const limits = { seconds: Number(values.seconds), ...log };
  const { output, status } = await (values.bochs === undefined
    ? execute({ ...processOf(test, image), ...limits })
    : runUnderBochs(values.bochs, test, image, limits));
  const outcome = readOutcome(output, status);
  const { pass, fail, skip } = outcome;
  const unexplained = outcome.skips.filter((text) => skipReasonOf(test.name, text) === undefined);
  const failing = reference() === undefined && unexplained.length > 0;
  const evidence = [
    ...outcome.evidence,
    ...(failing ? unexplained.map((text) => `SKIP without a reason: ${text}`) : []),
  ];
  return {
    ...row,
    verdict: failing && outcome.verdict !== 'crash' ? 'fail' : outcome.verdict,
    counts: { pass, fail, skip },
    ...(outcome.skips.length > 0 && {
      skips: Object.fromEntries(outcome.skips.map((text) => [text, skipReasonOf(test.name, text) ?? 'no reason'])),
    }),
    ...(evidence.length > 0 && { evidence }),
  };
}

function processOf(test: UnitTest, image: string): { command: string; parameters: string[] } {
  const text = environmentOf(test);
  const environment = text === undefined ? undefined : join(scratch, `${test.name}.environment`);
  if (environment !== undefined) writeFileSync(environment, text!);
  if (values.qemu !== undefined) return { command: values.qemu, parameters: qemuArguments(test, image, environment) };
  return {
    command: process.execPath,
    parameters: [command, 'run', image, ...runArguments(test, Number(values.steps), environment)],
  };
}

function print({ test, arch, verdict, counts, reason, skips, evidence }: Row): void {
  const numbers = counts ? `${counts.pass} pass, ${counts.fail} fail, ${counts.skip} skip` : (reason ?? '');
  console.log(`${verdict.toUpperCase().padEnd(9)}${arch.padEnd(7)} ${test.padEnd(26)} ${numbers}`);
  for (const line of evidence ?? []) console.log(`          ${line}`);
  for (const [text, why] of Object.entries(skips ?? {})) console.log(`          SKIP ${text} [${why}]`);
}

async function inParallel<T, R>(width: number, items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}

/** Puts the rows into the table that is there; what did not run now stays. */
function record(tests: readonly UnitTest[], fresh: readonly Row[]): void {
  const file = join(here, 'results.json');
  const old: Table = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Table)
    : { commit: 'unknown', list: [], rows: [] };
  const list = tests.map(({ name, arch }) => ({ test: name, ...(arch && { arch }) }));
  const rows = mergeRows(list, old.rows, fresh, reference());
  const table: Table = { commit: suiteCommit() ?? old.commit, list, rows };
  writeFileSync(file, `${JSON.stringify(table, undefined, 2)}\n`);
  const page = join(here, 'README.md');
  writeFileSync(page, withTable(readFileSync(page, 'utf8'), table));
}

/** The other emulator that the tests run under, by name. */
function reference(): string | undefined {
  if (values.bochs !== undefined) return 'Bochs 3.0.devel';
  if (values.qemu === undefined) return undefined;
  const text = execFileSync(values.qemu, ['--version'], { encoding: 'utf8' });
  return `QEMU ${/version (\d+\.\d+)/.exec(text)?.[1] ?? '?'} TCG`;
}

/** `COMMIT` in the build's folder names the suite's commit. */
function suiteCommit(): string | undefined {
  const file = join(values.build!, 'COMMIT');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

try {
  await main();
} finally {
  rmSync(scratch, { recursive: true });
}
