import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Execution {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly seconds: number;
  /** Where it runs; here when absent. */
  readonly folder?: string;
  /** Where the command line and the output are kept. */
  readonly log?: string;
}

/** As `timeout` ends a process by the clock. */
const STATUS_LATE = 124;
const STATUS_KILLED = 128;
/** A guest can print without end. */
const OUTPUT_LIMIT = 16 * 2 ** 20;

/** Runs a process of its own to its end or to the time limit; never rejects for what it does. */
export function execute({
  command,
  parameters,
  seconds,
  log,
  folder,
}: Execution): Promise<{ output: string; status: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Uint8Array[] = [];
    let [length, late] = [0, false];
    const take = (chunk: Uint8Array) => {
      length += chunk.length;
      if (length < OUTPUT_LIMIT) chunks.push(chunk);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', reject);
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, seconds * 1000);
    child.on('close', (code) => {
      clearTimeout(timer);
      const output = Buffer.concat(chunks).toString('latin1');
      if (log !== undefined) {
        mkdirSync(dirname(log), { recursive: true });
        writeFileSync(log, `${[command, ...parameters].join(' ')}\n${output}`);
      }
      resolve({ output, status: late ? STATUS_LATE : (code ?? STATUS_KILLED) });
    });
  });
}
