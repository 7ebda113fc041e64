/** Builds the recorder with gcc, feeds it cases, and reads what it observed. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Outcome, RecordedOn } from '../fileFormat.ts';
import type { GroupPlan } from '../plan.ts';
import { type CpuImage, deriveInput } from '../state.ts';
import { DATA_BACKGROUND, STACK_BACKGROUND } from '../windows.ts';

const NO_FAULT = 0xffff_ffff;
const FPU_BYTES = 8 + 128;
const INPUT_FIXED = 8 + 16 + 16 * 8 + 3 * 8 + 8 + 256 + FPU_BYTES + 8;
const LEAVES = ['1', '7.0', '80000001'];
/** RF is set in the flags that a fault saves; it is not the instruction's doing. */
const RF = 0x1_0000;

export interface Native {
  readonly recordedOn: RecordedOn;
  /** Outcomes in the order of the groups' vectors. */
  readonly outcomes: Outcome[];
}

/**
 * Executes every vector of the groups on this machine's processor.
 *
 * @throws Error when gcc is missing or the recorder fails
 */
export function runNatively(groups: readonly GroupPlan[]): Native {
  const folder = mkdtempSync(join(tmpdir(), 'shadowstep-vectors-'));
  try {
    const program = join(folder, 'recorder');
    const source = fileURLToPath(new URL('recorder.c', import.meta.url));
    execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-fno-stack-protector', '-o', program, source]);
    const inputs = [...eachInput(groups)];
    writeFileSync(join(folder, 'input'), encodeInputs(inputs));
    execFileSync(program, [join(folder, 'input'), join(folder, 'output')], { stdio: 'inherit' });
    return decodeOutputs(readFileSync(join(folder, 'output')), inputs);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Case {
  readonly bitness: 32 | 64;
  readonly code: Uint8Array;
  readonly cpu: CpuImage;
  readonly memory: readonly { readonly address: number; readonly bytes: Uint8Array }[];
}

function* eachInput(groups: readonly GroupPlan[]): Generator<Case> {
  for (const group of groups)
    for (const [e, encoding] of group.encodings.entries())
      for (const v of encoding.vectors.keys())
        yield { bitness: group.bitness, code: encoding.code, ...deriveInput(group, e, v) };
}

function encodeInputs(cases: readonly Case[]): Uint8Array {
  let size = 4 + DATA_BACKGROUND.length + STACK_BACKGROUND.length;
  for (const { memory } of cases) size += INPUT_FIXED + memory.reduce((sum, { bytes }) => sum + 8 + bytes.length, 0);
  const out = Buffer.alloc(size);
  let at = out.writeUInt32LE(cases.length, 0);
  out.set(DATA_BACKGROUND, at);
  out.set(STACK_BACKGROUND, at + DATA_BACKGROUND.length);
  at += DATA_BACKGROUND.length + STACK_BACKGROUND.length;
  for (const { bitness, code, cpu, memory } of cases) {
    at = out.writeUInt32LE(bitness, at);
    at = out.writeUInt32LE(code.length, at);
    out.set(code, at);
    at += 16;
    for (const value of [...cpu.gpr, cpu.rip, cpu.fsBase, cpu.gsBase]) at = out.writeBigUInt64LE(value, at);
    at = out.writeUInt32LE(cpu.rflags, at);
    at = out.writeUInt32LE(cpu.mxcsr, at);
    out.set(cpu.xmm, at);
    at += 256;
    const { fpu } = cpu;
    out.writeUInt16LE(fpu?.control ?? 0x37f, at);
    out.writeUInt16LE(fpu?.status ?? 0, at + 2);
    out.writeUInt16LE(fpu?.tags ?? 0, at + 4);
    if (fpu) out.set(fpu.registers, at + 8);
    at += FPU_BYTES;
    at = out.writeUInt32LE(memory.length, at);
    at = out.writeUInt32LE(0, at);
    for (const { address, bytes } of memory) {
      at = out.writeUInt32LE(address, at);
      at = out.writeUInt32LE(bytes.length, at);
      out.set(bytes, at);
      at += bytes.length;
    }
  }
  return new Uint8Array(out.buffer, out.byteOffset, out.length);
}

function decodeOutputs(bytes: Buffer, cases: readonly Case[]): Native {
  const text = (from: number, length: number) =>
    bytes
      .toString('latin1', from, from + length)
      .replaceAll('\0', '')
      .trim();
  let at = 60;
  const cpuid: Record<string, string[]> = {};
  for (const leaf of LEAVES) {
    cpuid[leaf] = [0, 4, 8, 12].map((i) =>
      bytes
        .readUInt32LE(at + i)
        .toString(16)
        .padStart(8, '0'),
    );
    at += 16;
  }
  // The initial APIC ID (leaf 1, EBX 31:24) is that of the core on which the recorder happened to run.
  cpuid['1']![1] = `00${cpuid['1']![1]!.slice(2)}`;
  const outcomes: Outcome[] = [];
  for (const { bitness, cpu: before } of cases) {
    const fault = bytes.readUInt32LE(at);
    at += 8;
    const gpr = new BigUint64Array(16);
    for (let i = 0; i < 16; i++) {
      const value = bytes.readBigUInt64LE(at + 8 * i);
      // Compatibility mode has no R8-R15 and leaves upper halves undefined.
      gpr[i] = bitness === 64 ? value : i < 8 ? BigInt.asUintN(32, value) : 0n;
    }
    at += 128;
    const rip = bytes.readBigUInt64LE(at);
    const rflags = bytes.readUInt32LE(at + 8) & ~RF;
    const mxcsr = bytes.readUInt32LE(at + 12);
    const xmm = Uint8Array.from(bytes.subarray(at + 16, at + 272));
    at += 272;
    const fpu = before.fpu && {
      control: bytes.readUInt16LE(at),
      status: bytes.readUInt16LE(at + 2),
      tags: bytes.readUInt16LE(at + 4) & 0xff,
      registers: Uint8Array.from(bytes.subarray(at + 8, at + FPU_BYTES)),
    };
    at += FPU_BYTES;
    const runs = bytes.readUInt32LE(at);
    at += 8;
    const changed: { address: number; bytes: Uint8Array }[] = [];
    for (let i = 0; i < runs; i++) {
      const length = bytes.readUInt32LE(at + 4);
      changed.push({
        address: bytes.readUInt32LE(at),
        bytes: Uint8Array.from(bytes.subarray(at + 8, at + 8 + length)),
      });
      at += 8 + length;
    }
    const { fsBase, gsBase } = before;
    outcomes.push({
      fault: fault === NO_FAULT ? undefined : fault,
      cpu: { gpr, rflags, xmm, mxcsr, fsBase, gsBase, rip, ...(fpu ? { fpu } : {}) },
      changed,
    });
  }
  return { recordedOn: { vendor: text(0, 12), brand: text(12, 48), cpuid }, outcomes };
}
