/** Guests that gcc built, on the machine: they give the right answers, and their frames unwind at every instruction. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readElf } from '../../adapter/program/elf/read.ts';
import { ProgramLookup } from '../../adapter/program/lookup.ts';
import { namesOf, unwindFrame } from '../../adapter/program/unwind.ts';
import { linear } from '../../emulator/addresses.ts';
import type { MachineApi } from '../../emulator/api.ts';
import { defaultStart, loadGuest } from '../../emulator/loaders/load.ts';
import { Machine } from '../../emulator/machine.ts';
import { buildKernel, buildRoundTrip, kernelNames, roundTripNames } from '../bench/build.ts';
import { buildFloating, buildZlibGuest, buildZlibNative, missingToolchain } from './build.ts';
import { missingZlib } from './zlib.ts';

const noGuests = missingToolchain();
const noZlib = noGuests ?? missingZlib();
const why = (reason: string | undefined) => (reason ? ` (skipped: ${reason})` : '');

async function load(path: string) {
  const { image, diagnostics } = await readElf(path, new Uint8Array(readFileSync(path)));
  expect(diagnostics).toEqual([]);
  const machine: MachineApi = Machine.create({ cpu: 'tigerlake', memoryBytes: 128 * 2 ** 20 });
  const serial: number[] = [];
  machine.onSerialOutput((bytes) => serial.push(...bytes));
  loadGuest(machine, image!, defaultStart(image!));
  return {
    machine,
    lookup: new ProgramLookup(image!),
    serial: () => new TextDecoder().decode(Uint8Array.from(serial)),
  };
}

function runToEnd(machine: MachineApi, millionSteps: number) {
  for (let slice = 0; slice < millionSteps; slice += 1) {
    const exit = machine.run(1_000_000);
    if (exit.kind !== 'budget') return exit;
  }
  throw new Error(`The guest did not end within ${millionSteps} million steps.`);
}

describe.skipIf(noGuests !== undefined)(`bench kernels on the machine${why(noGuests)}`, () => {
  it.each(kernelNames)('%s has its native checksum', async (name) => {
    const { native, guest } = buildKernel(name);
    const { checksum } = JSON.parse(execFileSync(native, ['1'], { encoding: 'utf8' })) as { checksum: string };
    const { machine, serial } = await load(guest);
    expect(runToEnd(machine, 200)).toEqual({ kind: 'debugExit', code: 0 });
    expect(serial()).toBe(`${checksum}\n`);
  });

  it.each(roundTripNames)('1000 %s round trips are counted right', async (name) => {
    const { machine } = await load(buildRoundTrip(name));
    expect(runToEnd(machine, 10)).toEqual({ kind: 'debugExit', code: 0 });
  });
});

describe.skipIf(noGuests !== undefined)(`x87 arithmetic on the machine${why(noGuests)}`, () => {
  it.each([64, 32] as const)('built for %i bits prints what it prints natively', async (bits) => {
    const { guest, native } = buildFloating(bits);
    const { machine, serial } = await load(guest);
    expect(runToEnd(machine, 200)).toEqual({ kind: 'debugExit', code: 0 });
    const expected = execFileSync(native, { encoding: 'utf8' });
    expect(expected.split('\n').length).toBe(10);
    expect(serial()).toBe(expected);
  });
});

describe.skipIf(noZlib !== undefined)(`zlib on the machine${why(noZlib)}`, () => {
  it.each([64, 32] as const)('built for %i bits prints what it prints natively', async (bits) => {
    const { machine, serial } = await load(buildZlibGuest(bits));
    expect(runToEnd(machine, 200)).toEqual({ kind: 'debugExit', code: 0 });
    expect(serial()).toBe(execFileSync(buildZlibNative(), { encoding: 'utf8' }));
  });

  it.each([
    [64, 'deflate'],
    [64, 'inflate'],
    [32, 'deflate'],
    [32, 'inflate'],
  ] as const)('built for %i bits: the frames in %s unwind to the calls that were made', async (bits, name) => {
    const { machine, lookup } = await load(buildZlibGuest(bits));
    const start = lookup.symbolNamed(name)!.address;
    machine.setBreakpoints([linear(start)]);
    let exit = machine.run(100_000_000);
    expect(exit.kind).toBe('breakpoint');
    machine.setBreakpoints([]);
    const calls = new CallTracker(machine, lookup);
    expect(calls.functions().slice(-3)).toEqual([name, 'main', '_start']);
    const seen = new Set<string>();
    let deepest = 0;
    for (let step = 0; step < 30_000; step += 1) {
      exit = machine.run(1);
      expect(exit.kind).toBe('budget');
      calls.followStep();
      // Every instruction around a call or return, and some of the others.
      if (!calls.moved && step % 16 !== 0) continue;
      expect(calls.unwound(), `at 0x${machine.instructionAddress().toString(16)}`).toEqual(calls.returns);
      for (const function_ of calls.functions()) seen.add(function_);
      deepest = Math.max(deepest, calls.returns.length);
    }
    expect(seen.size).toBeGreaterThan(4);
    expect(deepest).toBeGreaterThan(2);
  });
});

/** Follows CALL and RET as they happen, beside what the unwind tables say. */
class CallTracker {
  /** Return addresses, innermost first. */
  returns: bigint[];
  /** Whether the last step, or the one before, changed them. */
  moved = true;
  private readonly size: 4 | 8;
  private slots: bigint[];
  private before: { instruction: bigint; stack: bigint };
  private lastMove = 0;

  constructor(
    private readonly machine: MachineApi,
    private readonly lookup: ProgramLookup,
  ) {
    this.size = machine.codeBits() === 64 ? 8 : 4;
    this.before = this.position();
    const chain = this.chain();
    this.returns = chain.map(({ target }) => target);
    this.slots = chain.map(({ slot }) => slot);
  }

  followStep(): void {
    const now = this.position();
    const { instruction, stack } = this.before;
    const top = this.read(now.stack, this.size);
    const after = top === undefined ? -1n : top - instruction;
    this.lastMove += 1;
    if (now.stack === stack - BigInt(this.size) && after >= 2n && after <= 9n && now.instruction !== top) {
      this.returns.unshift(top!);
      this.slots.unshift(now.stack);
      this.lastMove = 0;
    }
    while (this.slots.length > 0 && now.stack > this.slots[0]!) {
      this.returns.shift();
      this.slots.shift();
      this.lastMove = 0;
    }
    this.moved = this.lastMove < 6;
    this.before = now;
  }

  unwound(): bigint[] {
    return this.chain().map(({ target }) => target);
  }

  /** Names of the functions on the stack, innermost first. */
  functions(): string[] {
    const { instruction } = this.position();
    return [instruction, ...this.returns.map((target) => target - 1n)].map(
      (address) => this.lookup.symbolAt(address)?.symbol.name ?? '?',
    );
  }

  private chain(): { target: bigint; slot: bigint }[] {
    const found: { target: bigint; slot: bigint }[] = [];
    let registers = this.registers();
    let address = this.position().instruction;
    for (;;) {
      const frame = this.lookup.frameAt(address);
      if (!frame) throw new Error(`No unwind rules cover 0x${address.toString(16)}.`);
      const result = unwindFrame(frame, address, registers, (at, size) => this.read(at, size));
      if (result.kind === 'outermost') return found;
      if (result.kind === 'unknown') throw new Error(result.reason);
      registers = result.registers;
      const target = registers.get(namesOf(frame).instructionPointer)!;
      found.push({ target, slot: result.returnSlot! });
      address = target - 1n;
    }
  }

  private registers(): Map<number, bigint> {
    const names =
      this.size === 8
        ? ['rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15']
        : ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
    return new Map(names.map((name, number) => [number, this.machine.readRegister(name)]));
  }

  private position(): { instruction: bigint; stack: bigint } {
    const stack = this.machine.readRegister(this.size === 8 ? 'rsp' : 'esp');
    return { instruction: this.machine.instructionAddress(), stack };
  }

  private read(address: bigint, size: number): bigint | undefined {
    const { data } = this.machine.readLinear(linear(address), size);
    return data.length < size ? undefined : data.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }
}
