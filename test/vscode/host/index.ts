import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';
import { extensionTests } from './extension.ts';

/** One test as the report tells it. */
export interface HostResult {
  readonly title: string;
  readonly state: 'pass' | 'fail' | 'pending';
  readonly error?: string;
}

/** What the tests leave for the process that started the workbench. */
export interface HostReport {
  /** Set at the very end: VS Code gives exit code 0 when its extension host dies. */
  complete: boolean;
  running: string | undefined;
  readonly results: HostResult[];
}

/** VS Code calls this in the extension host, and takes a rejection for failure. */
export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 30_000, reporter: 'min' });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  extensionTests();
  const report: HostReport = { complete: false, running: undefined, results: [] };
  const file = process.env.SHADOWSTEP_HOST_REPORT;
  const save = (): void => {
    if (file) writeFileSync(file, JSON.stringify(report));
  };
  const failures = await new Promise<number>((resolve) => {
    const runner = mocha.run(resolve);
    const keep = (state: HostResult['state']) => (test: { fullTitle(): string }, error?: Error) => {
      report.results.push({ title: test.fullTitle(), state, ...(error && { error: error.stack ?? error.message }) });
      report.running = undefined;
      save();
    };
    runner.on('test', (test: { fullTitle(): string }) => {
      report.running = test.fullTitle();
      save();
    });
    runner.on('pass', keep('pass'));
    runner.on('fail', keep('fail'));
    runner.on('pending', keep('pending'));
  });
  report.complete = true;
  save();
  if (failures > 0) throw new Error(`${failures} of the tests in the extension host failed`);
}
