import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const hello = join(root, 'extension/samples/hello/hello.s');
const guest = (name: string) => join(root, 'test/dap/guests', name);

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line; `when` is called with what stdout and stderr hold so far. */
function shadowstep(args: readonly string[], when?: (output: string, kill: () => void) => void): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'adapter/cli.ts'), ...args], { cwd: root });
    let [stdout, stderr] = ['', ''];
    const look = () => when?.(stdout + stderr, () => child.kill('SIGINT'));
    child.stdout.on('data', (data) => {
      stdout += data;
      look();
    });
    child.stderr.on('data', (data) => {
      stderr += data;
      look();
    });
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

function withSource<T>(text: string, use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'shadowstep-'));
  const path = join(folder, 'guest.s');
  writeFileSync(path, text);
  return use(path).finally(() => rmSync(folder, { recursive: true }));
}

describe('shadowstep run', () => {
  it('writes serial output to stdout and ends with the status of the guest', async () => {
    expect(await shadowstep(['run', hello])).toEqual({
      status: 1,
      stdout: 'Hello from a guest in 64-bit mode.\n',
      stderr: '',
    });
    const seven = '_start:\n movl $7, %eax\n outl %eax, $0xf4\n';
    await withSource(seven, async (path) => expect((await shadowstep(['run', path])).status).toBe(15));
  });

  it('tells how it went as JSON, on stderr or in a file', async () => {
    const { stdout, stderr } = await shadowstep(['run', hello, '--json']);
    expect(stdout).toBe('Hello from a guest in 64-bit mode.\n');
    const summary = JSON.parse(stderr);
    expect(summary).toMatchObject({ guest: hello, exit: 'debugExit', status: 1, code: 0 });
    expect(summary.steps).toBeGreaterThan(100);
    expect(summary.seconds).toBeGreaterThan(0);
    await withSource('', async (path) => {
      const file = `${path}.json`;
      await shadowstep(['run', hello, `--json=${file}`]);
      expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ exit: 'debugExit', steps: summary.steps });
    });
  });

  it('counts locked accesses that cross a line', async () => {
    const three =
      '_start: movl $3, %ecx\n movl $0x20003e, %ebx\n1: lock incl (%rbx)\n lock incl -2(%rbx)\n loop 1b\n outl %eax, $0xf4\n';
    await withSource(three, async (path) => {
      const { stderr } = await shadowstep(['run', path, '--json']);
      expect(JSON.parse(stderr)).toMatchObject({ exit: 'debugExit', lockedSplits: 3 });
    });
  });

  it.each<[string, string[], number]>([
    ['a guest that halts for ever', [guest('halt.s')], 3],
    ['a triple fault', [guest('tripleFault.s')], 4],
    ['a guest that does not end in time', [guest('forever.s'), '--max-steps', '100000'], 124],
  ])('ends %s with a sentence and a status of its own', async (_, args, status) => {
    const outcome = await shadowstep(['run', ...args]);
    expect(outcome.status).toBe(status);
    expect(outcome.stderr).toMatch(/^shadowstep: .*\.\n$/s);
  });

  it('stops exactly at --max-steps', async () => {
    const { stderr } = await shadowstep(['run', guest('forever.s'), '--max-steps', '123457', '--json']);
    expect(JSON.parse(stderr.trim().split('\n').at(-1)!)).toMatchObject({ exit: 'maxSteps', steps: 123457 });
  });

  it('ends cleanly at Ctrl-C', async () => {
    const source = `_start:\n movw $0x3f8, %dx\n movb $'x', %al\n outb %al, %dx\n jmp .\n`;
    await withSource(source, async (path) => {
      let interrupted = false;
      const { status, stdout, stderr } = await shadowstep(['run', path, '--json'], (output, kill) => {
        if (!interrupted && output.includes('x')) kill();
        interrupted ||= output.includes('x');
      });
      expect([status, stdout]).toEqual([130, 'x']);
      expect(JSON.parse(stderr)).toMatchObject({ exit: 'interrupted', status: 130 });
    });
  });

  it.each<[string, string[], RegExp]>([
    ['no command', [], /^shadowstep: A command is missing/],
    ['an unknown command', ['walk'], /^shadowstep: walk is not a command; run, dap or bench is expected\.\n$/],
    ['an unknown option', ['run', hello, '--fast'], /^shadowstep: --fast is not an option/],
    [
      'a missing file',
      ['run', '/no/such.s'],
      /There is no (such )?file.*\nshadowstep: \/no\/such\.s cannot be run\.\n$/,
    ],
    ['an unknown processor', ['run', hello, '--cpu', 'z80'], /^shadowstep: .*z80/],
    ['an unknown feature', ['run', hello, '--feature', 'NOSUCH'], /^shadowstep: .*nosuch/],
    ['a missing module', ['run', hello, '--module', '/no/such'], /^shadowstep: The module \/no\/such cannot be read/],
  ])('refuses %s with status 2', async (_, args, sentence) => {
    const { status, stdout, stderr } = await shadowstep(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(sentence);
  });

  it('tells every error of a source', async () => {
    await withSource('_start:\n movq %rax\n nosuch\n', async (path) => {
      const { status, stderr } = await shadowstep(['run', path]);
      expect(status).toBe(2);
      expect(stderr).toContain(`${path}:2:`);
      expect(stderr).toContain(`${path}:3:`);
    });
  });
});

describe('shadowstep', () => {
  it('has a help', async () => {
    const { status, stdout } = await shadowstep(['--help']);
    expect(status).toBe(0);
    expect(stdout).toContain('shadowstep run GUEST');
  });

  it('dap speaks the protocol on stdin and stdout', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'adapter/cli.ts'), 'dap'], { cwd: root });
    const message = JSON.stringify({ seq: 1, type: 'request', command: 'initialize', arguments: { adapterID: 'x' } });
    child.stdin.write(`Content-Length: ${message.length}\r\n\r\n${message}`);
    const answer = await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data))));
    child.stdin.end();
    expect(answer).toContain('"command":"initialize","success":true');
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
  });
});
