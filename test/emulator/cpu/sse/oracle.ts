/** Scalar SSE operations on this machine's processor and in the machine's soft float, to be compared. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildStepModule } from '../../../../emulator/cpu/engine/stepModule.ts';
import { STATE, StateView } from '../../../../emulator/cpu/state.ts';

/** In the order of oracle.c. */
export const OPERATIONS = [
  ...['add', 'subtract', 'multiply', 'divide', 'squareRoot', 'min', 'max'],
  ...['eq', 'lt', 'le', 'unord', 'neq', 'nlt', 'nle', 'ord', 'ucomi', 'comi'],
  ...['cvt32', 'cvt64', 'cvtt32', 'cvtt64', 'from32', 'from64', 'between'],
] as const;

export interface Case {
  readonly operation: number;
  readonly wide: boolean;
  readonly mxcsr: number;
  readonly a: bigint;
  readonly b: bigint;
}

export interface Answer {
  readonly result: bigint;
  readonly mxcsr: number;
  readonly trap: boolean;
}

/** Why the processor cannot be asked, or undefined. */
export const oracleMissing: string | undefined =
  process.platform !== 'linux' || process.arch !== 'x64'
    ? 'needs x86-64 Linux'
    : spawnSync('gcc', ['--version']).status !== 0
      ? 'needs gcc'
      : undefined;

/** What the processor answers. */
export function askProcessor(cases: readonly Case[]): Answer[] {
  const folder = mkdtempSync(join(tmpdir(), 'shadowstep-sse-'));
  try {
    const program = join(folder, 'oracle');
    const source = fileURLToPath(new URL('oracle.c', import.meta.url));
    execFileSync('gcc', ['-O1', '-Wall', '-Wextra', '-o', program, source]);
    const input = Buffer.alloc(cases.length * 24);
    cases.forEach((c, i) => {
      input.writeUInt32LE(c.operation * 2 + (c.wide ? 1 : 0), i * 24);
      input.writeUInt32LE(c.mxcsr, i * 24 + 4);
      input.writeBigUInt64LE(c.a, i * 24 + 8);
      input.writeBigUInt64LE(c.b, i * 24 + 16);
    });
    const output = execFileSync(program, [], { input: new Uint8Array(input), maxBuffer: 2 ** 30 });
    if (output.length !== cases.length * 16) throw new Error(`The oracle answered ${output.length} bytes.`);
    return cases.map((_, i) => ({
      result: output.readBigUInt64LE(i * 16),
      mxcsr: output.readUInt32LE(i * 16 + 8),
      trap: output.readUInt32LE(i * 16 + 12) !== 0,
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Function = (...values: (bigint | number)[]) => bigint;

/** A function that answers a case by soft float. */
export function softfloat(): (c: Case) => Answer {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const absent = () => {
    throw new Error('Soft float calls no host function.');
  };
  const host = new Proxy({}, { get: () => absent });
  const module = new WebAssembly.Module(buildStepModule().bytes as BufferSource);
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, host });
  const call = (name: string, ...values: (bigint | number)[]): bigint => {
    const result = (exports[`softfloat.${name}`] as Function)(...values);
    return typeof result === 'bigint' ? BigInt.asUintN(64, result) : result;
  };
  const state = new StateView(memory.buffer);
  state.set64(STATE.cr4, 1n << 10n);
  return (c) => {
    state.set32(STATE.mxcsr, c.mxcsr);
    state.set32(STATE.eventPending, 0);
    const result = compute(call, c);
    const trap = Number(call('conclude')) !== 0;
    if (trap !== (state.get32(STATE.eventPending) !== 0)) throw new Error('conclude and the event disagree.');
    return { result: trap ? 0n : result, mxcsr: state.get32(STATE.mxcsr), trap };
  };
}

function compute(call: (name: string, ...values: (bigint | number)[]) => bigint, c: Case): bigint {
  const bits = c.wide ? 64 : 32;
  const a = BigInt.asUintN(bits, c.a);
  const b = BigInt.asUintN(bits, c.b);
  const name = OPERATIONS[c.operation]!;
  const mode = (c.mxcsr >> 13) & 3;
  switch (name) {
    case 'add':
      return call(`add${bits}`, a, b, 0);
    case 'subtract':
      return call(`add${bits}`, a, b, 1);
    case 'multiply':
    case 'divide':
    case 'squareRoot':
      return call(`${name}${bits}`, a, b, 0);
    case 'min':
    case 'max':
      return call(`extreme${bits}`, a, b, name === 'max' ? 1 : 0);
    case 'ucomi':
    case 'comi': {
      const relation = Number(call(`order${bits}`, a, b, name === 'comi' ? 1 : 0));
      return { 1: 0x01n, 2: 0x40n, 4: 0n, 8: 0x45n }[relation] ?? -1n;
    }
    case 'cvt32':
    case 'cvt64':
      return call(`toInteger${bits}`, a, Number(name.slice(3)), mode);
    case 'cvtt32':
    case 'cvtt64':
      return call(`toInteger${bits}`, a, Number(name.slice(4)), 3);
    case 'from32':
      return call(`fromInteger${bits}`, BigInt.asIntN(32, c.a));
    case 'from64':
      return call(`fromInteger${bits}`, c.a);
    case 'between':
      return call(c.wide ? 'narrow' : 'widen', a);
    default:
      return call(`compare${bits}`, a, b, c.operation - OPERATIONS.indexOf('eq'));
  }
}
