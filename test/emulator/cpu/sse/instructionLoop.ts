/** One SSE instruction on many operands: on this machine's processor, and in the machine. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hostPhysical } from '../../../../emulator/addresses.ts';
import { Machine } from '../../../../emulator/machine.ts';

/** Bytes of a case {MXCSR, 0, RAX, XMM0, XMM1} and of an answer {XMM0, RAX, MXCSR, trapped}. */
export const CASE = 48;
export const ANSWER = 32;

/** The oracle, built once. */
export class Processor {
  private readonly folder = mkdtempSync(join(tmpdir(), 'shadowstep-sse-'));
  private readonly program = join(this.folder, 'instructions');

  constructor() {
    const source = fileURLToPath(new URL('instructions.c', import.meta.url));
    execFileSync('gcc', ['-O1', '-Wall', '-Wextra', '-o', this.program, source]);
  }

  run(code: Uint8Array, cases: Uint8Array): Uint8Array {
    const input = new Uint8Array(20 + cases.length);
    new DataView(input.buffer).setUint32(0, code.length, true);
    input.set(code, 4);
    input.set(cases, 20);
    return new Uint8Array(execFileSync(this.program, [], { input, maxBuffer: 2 ** 28 }));
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const CODE_AT = 0x10000;
const CASES_AT = 0x20_0000;
const ANSWERS_AT = 0x60_0000;
const MEMORY = 0x100_0000;
const STACK_AT = 0x8000;
const TABLES_AT = 0x1000;
const XM = 19;

const LOAD = [0x48, 0x8b, 0x47, 0x08, 0x0f, 0x10, 0x47, 0x10, 0x0f, 0x10, 0x4f, 0x20, 0x0f, 0xae, 0x17];
const STORE = [0x0f, 0xae, 0x5e, 0x18, 0x0f, 0x11, 0x06, 0x48, 0x89, 0x46, 0x10];
/** add $48, %rdi; add $32, %rsi; dec %rcx. */
const NEXT = [0x48, 0x83, 0xc7, CASE, 0x48, 0x83, 0xc6, ANSWER, 0x48, 0xff, 0xc9];

/** The same loop in the machine: 64-bit ring 0, the first 16 MiB mapped at themselves. */
export class Guest {
  readonly machine = Machine.create({ cpu: 'tigerlake', memoryBytes: MEMORY });

  constructor() {
    const { machine } = this;
    this.write64(TABLES_AT, BigInt(TABLES_AT + 0x1000) | 3n);
    this.write64(TABLES_AT + 0x1000, BigInt(TABLES_AT + 0x2000) | 3n);
    for (let i = 0; i < MEMORY / 0x20_0000; i++) {
      this.write64(TABLES_AT + 0x2000 + i * 8, BigInt(i * 0x20_0000) | 0x83n);
    }
    this.set({ cr3: BigInt(TABLES_AT), cr4: 0x620n, efer: 0x500n, cr0: 0x80010033n });
    this.set({ cs: 8n, 'cs.base': 0n, 'cs.limit': 0xffffffffn, 'cs.attributes': 0xa09bn, rflags: 2n });
    for (const name of ['ss', 'ds', 'es']) {
      this.set({ [name]: 16n, [`${name}.base`]: 0n, [`${name}.limit`]: 0xffffffffn, [`${name}.attributes`]: 0xc093n });
    }
    machine.setExceptionStops(-1);
  }

  set(registers: Record<string, bigint>): void {
    for (const [name, value] of Object.entries(registers)) {
      const refused = this.machine.writeRegister(name, value);
      if (refused) throw new Error(refused);
    }
  }

  /** Executes one instruction; RIP is after it, or at it with the vector of the fault. */
  step(code: readonly number[], registers: Record<string, bigint> = {}): { fault?: number; errorCode?: number } {
    this.machine.writePhysical(hostPhysical(CODE_AT), Uint8Array.from([...code, 0xf4]));
    this.set({ rip: BigInt(CODE_AT), ...registers });
    const exit = this.machine.run(1);
    if (exit.kind === 'budget') return {};
    if (exit.kind !== 'exception') throw new Error('sentence' in exit ? exit.sentence : exit.kind);
    const { vector, errorCode } = exit.event;
    return errorCode === undefined ? { fault: vector } : { fault: vector, errorCode };
  }

  private write64(address: number, value: bigint): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value, true);
    this.machine.writePhysical(hostPhysical(address), bytes);
  }

  run(code: Uint8Array, cases: Uint8Array): Uint8Array {
    const { machine } = this;
    const count = cases.length / CASE;
    const body = [...LOAD, ...code, ...STORE, ...NEXT];
    // jnz to the start; hlt.
    const program = [...body, 0x0f, 0x85, ...little32(-(body.length + 6)), 0xf4];
    machine.writePhysical(hostPhysical(CODE_AT), Uint8Array.from(program));
    machine.writePhysical(hostPhysical(CASES_AT), cases);
    machine.writePhysical(hostPhysical(ANSWERS_AT), new Uint8Array(count * ANSWER));
    this.set({ rip: BigInt(CODE_AT), rcx: BigInt(count), rdi: BigInt(CASES_AT), rsi: BigInt(ANSWERS_AT) });
    this.set({ rsp: BigInt(STACK_AT) });
    for (;;) {
      const exit = machine.run(1 << 24);
      if (exit.kind === 'halted') break;
      if (exit.kind !== 'exception' || exit.event.vector !== XM) throw new Error(JSON.stringify(exit));
      const answer = new DataView(new ArrayBuffer(ANSWER));
      answer.setUint32(24, Number(machine.readRegister('mxcsr')), true);
      answer.setUint32(28, 1, true);
      const at = Number(machine.readRegister('rsi'));
      machine.writePhysical(hostPhysical(at), new Uint8Array(answer.buffer));
      this.set({ rip: BigInt(CODE_AT + LOAD.length + code.length + STORE.length) });
    }
    return machine.readPhysical(hostPhysical(ANSWERS_AT), count * ANSWER).data;
  }
}

const little32 = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >> shift) & 0xff);
