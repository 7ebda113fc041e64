/** Runs the recorded cases on this project's machine: 16-bit segments in protected mode at CPL 3. */
import { hostPhysical } from '../../../emulator/addresses.ts';
import { Machine } from '../../../emulator/machine.ts';
import {
  background,
  DATA_SEGMENTS,
  EXPAND_DOWN_LIMIT,
  FILL,
  READ_ONLY_LIMIT,
  SEGMENT_BYTES,
  type SixteenCase,
} from './cases.ts';
import type { SixteenOutcome } from './outcomes.ts';

const CODE = 0x1_0000;
const DATA = 0x2_0000;
const NAMES = 'eax ecx edx ebx esp ebp esi edi'.split(' ');
const ARITHMETIC_AND_DF = 0xcd5;
/** More than any case takes: a repeated instruction ends within its segment. */
const STEPS = 0x3_0000;
const BREAKPOINT = 3;
const OVERFLOW = 4;

export class SixteenMachine {
  private readonly machine = Machine.create({ cpu: 'tigerlake', memoryBytes: 0x20_0000 });
  private readonly memory = background();

  constructor() {
    const { machine } = this;
    machine.setExceptionStops(-1);
    const set = (name: string, value: bigint) => {
      const refused = machine.writeRegister(name, value);
      if (refused) throw new Error(refused);
    };
    set('cr0', 0x11n);
    const segment = (name: string, entry: number, base: number, limit: number, attributes: number) => {
      set(name, BigInt((entry << 3) | 7));
      set(`${name}.base`, BigInt(base));
      set(`${name}.limit`, BigInt(limit));
      set(`${name}.attributes`, BigInt(attributes));
    };
    segment('cs', 0, CODE, 0xffff, 0xfb);
    DATA_SEGMENTS.forEach((name, i) => {
      const base = DATA + i * SEGMENT_BYTES;
      if (name === 'fs') segment(name, i + 1, base, EXPAND_DOWN_LIMIT, 0xf7);
      else if (name === 'gs') segment(name, i + 1, base, READ_ONLY_LIMIT, 0xf1);
      else segment(name, i + 1, base, 0xffff, 0xf3);
    });
    // No I/O permission bitmap.
    set('tr.limit', 0n);
    machine.writePhysical(hostPhysical(CODE), new Uint8Array(SEGMENT_BYTES).fill(FILL));
    machine.writePhysical(hostPhysical(DATA), this.memory);
  }

  run(before: SixteenCase): SixteenOutcome {
    const { machine } = this;
    machine.writePhysical(hostPhysical(CODE + before.ip), before.code);
    NAMES.forEach((name, i) => {
      machine.writeRegister(name, BigInt(before.registers[i]!));
    });
    machine.writeRegister('rflags', BigInt(before.flags | 0x202));
    machine.writeRegister('rip', BigInt(before.ip));
    const exit = machine.run(STEPS);
    if (exit.kind !== 'exception') throw new Error(`${before.text}: the machine stopped with ${JSON.stringify(exit)}`);
    const after = machine.readPhysical(hostPhysical(DATA), this.memory.length).data;
    const changed = runs(this.memory, after);
    const outcome: SixteenOutcome = {
      fault: exit.event.vector,
      errorCode: exit.event.errorCode ?? 0,
      registers: NAMES.map((name) => Number(machine.readRegister(name))),
      // INTO is done when it traps.
      eip: Number(machine.readRegister('rip')) + (exit.event.vector === OVERFLOW ? before.code.length : 0),
      flags: Number(machine.readRegister('rflags')) & ARITHMETIC_AND_DF,
      changed,
    };
    for (const { at, bytes } of changed) {
      machine.writePhysical(hostPhysical(DATA + at), this.memory.subarray(at, at + bytes.length));
    }
    machine.writePhysical(hostPhysical(CODE + before.ip), new Uint8Array(before.code.length).fill(FILL));
    return outcome;
  }
}

function runs(before: Uint8Array, after: Uint8Array): { at: number; bytes: Uint8Array }[] {
  const found: { at: number; bytes: Uint8Array }[] = [];
  if (Buffer.compare(before, after) === 0) return found;
  for (let at = 0; at < before.length; ) {
    if (before[at] === after[at]) at++;
    else {
      let end = at;
      while (end < before.length && before[end] !== after[end]) end++;
      found.push({ at, bytes: after.slice(at, end) });
      at = end;
    }
  }
  return found;
}

/** One sentence for what differs, or undefined. */
export function difference(before: SixteenCase, expected: SixteenOutcome, got: SixteenOutcome): string | undefined {
  const parts: string[] = [];
  const hex = (value: number) => value.toString(16);
  const compare = (name: string, e: number, g: number) => {
    if (e !== g) parts.push(`${name} is ${hex(g)}, expected ${hex(e)}`);
  };
  compare('vector', expected.fault, got.fault);
  if (expected.fault !== BREAKPOINT) compare('error code', expected.errorCode, got.errorCode);
  compare('IP', expected.eip, got.eip);
  NAMES.forEach((name, i) => {
    compare(name, expected.registers[i]!, got.registers[i]!);
  });
  const compared = ~before.undefinedFlags;
  compare('flags', expected.flags & compared, got.flags & compared);
  const list = (o: SixteenOutcome) =>
    o.changed.map(({ at, bytes }) => `${hex(at)}:${Buffer.from(bytes).toString('hex')}`).join(' ');
  if (list(expected) !== list(got)) parts.push(`memory is ${list(got)}, expected ${list(expected)}`);
  if (parts.length === 0) return undefined;
  const bytes = Buffer.from(before.code).toString('hex');
  return `#${before.index} ${before.text} (${bytes}): ${parts.join('; ')}`;
}
