import type { MachineApi } from '../../emulator/api.ts';
import { codeBase, instructionAt } from '../../emulator/debug/instruction.ts';
import { slotSize, stackLinear } from '../../emulator/debug/segmentation.ts';
import { hex, shortHex } from '../expressions/format.ts';
import type { ShadowStackBody, ShadowStackEntry } from '../protocol.ts';
import type { Frame } from './frames.ts';
import { readNumber, tryReadNumber } from './memoryAccess.ts';
import { cetState, currentPrivilege } from './privilege.ts';
import type { ProgramView } from './programView.ts';
import { notShadowStack } from './shadowStackPage.ts';

/** The shadow stack from SSP upward, entry by entry, tokens told from return addresses. */
export function readShadowStack(
  machine: MachineApi,
  program: ProgramView,
  frames: readonly Frame[],
  count: number,
): ShadowStackBody {
  const state = cetState(machine);
  const ssp = machine.readRegister('ssp');
  const body: ShadowStackBody = {
    enabled: state.shadowStack,
    ssp: hex(ssp),
    privilege: currentPrivilege(machine) === 3 ? 'user' : 'supervisor',
    entries: [],
    nextReturnMismatch: nextReturnMismatch(machine),
    ...(state.reason !== undefined && !state.shadowStack && { reason: state.reason }),
  };
  if (!state.shadowStack) return body;
  const reader = new EntryReader(machine, program, frames, ssp);
  while (body.entries.length < count) {
    const next = reader.next();
    if (typeof next === 'string') {
      if (next !== '') body.stopped = next;
      break;
    }
    body.entries.push(...next);
  }
  return body;
}

/** Whether the instruction at RIP is a near RET that would raise #CP(NEAR-RET). */
export function nextReturnMismatch(machine: MachineApi): boolean {
  if (!cetState(machine).shadowStack) return false;
  if (instructionAt(machine, machine.instructionAddress())?.kind !== 'return') return false;
  const size = slotSize(machine);
  const offset = readNumber(machine, stackLinear(machine, machine.readRegister('rsp')), size);
  // The shadow stack holds linear addresses.
  const actual = offset === undefined ? undefined : BigInt.asUintN(size === 8 ? 64 : 32, codeBase(machine) + offset);
  const expected = readNumber(machine, machine.readRegister('ssp'), size === 8 ? 8 : 4);
  return actual !== undefined && expected !== undefined && actual !== expected;
}

class EntryReader {
  private readonly size: 4 | 8;
  private atBase = false;
  private checkedPage: bigint | undefined;
  private readonly mismatches: ReadonlyMap<bigint, NonNullable<Frame['mismatch']>>;

  constructor(
    private readonly machine: MachineApi,
    private readonly program: ProgramView,
    frames: readonly Frame[],
    private address: bigint,
  ) {
    this.size = machine.codeBits() === 64 ? 8 : 4;
    this.mismatches = new Map(
      frames.flatMap(({ mismatch }) => (mismatch === undefined ? [] : [[mismatch.shadowAddress, mismatch] as const])),
    );
  }

  /** One entry, or the three of a far frame; a sentence where reading ends, empty past a supervisor token. */
  next(): ShadowStackEntry[] | string {
    const { address } = this;
    if (this.atBase) return '';
    const wrong = this.pageFault(address);
    if (wrong !== undefined) return `${shortHex(address)}: ${wrong}.`;
    const aligned = (address & 7n) === 0n;
    const wide = aligned ? readNumber(this.machine, address, 8) : undefined;
    if (wide !== undefined) {
      const token = this.token(address, wide);
      if (token !== undefined) {
        this.address += 8n;
        // A supervisor token stands at the base of its stack: what lies above is none of it.
        this.atBase = token.kind === 'supervisorToken';
        return [token];
      }
      const far = this.farFrame(address, wide);
      if (far !== undefined) {
        this.address += 24n;
        return far;
      }
    }
    const read = tryReadNumber(this.machine, address, this.size);
    if ('sentence' in read) return `${shortHex(address)}: ${read.sentence}`;
    this.address += BigInt(this.size);
    return [this.single(address, read.value)];
  }

  private pageFault(address: bigint): string | undefined {
    const page = address & ~0xfffn;
    if (this.checkedPage === page) return undefined;
    const wrong = notShadowStack(this.machine, address);
    if (wrong === undefined) this.checkedPage = page;
    return wrong;
  }

  private entry(
    address: bigint,
    value: bigint,
    kind: ShadowStackEntry['kind'],
    description: string,
    size = this.size,
  ): ShadowStackEntry {
    return { address: hex(address), value: hex(value, size * 8), size, kind, description };
  }

  private single(address: bigint, value: bigint): ShadowStackEntry {
    if (!this.program.isCode(value)) {
      return this.entry(address, value, 'data', value === 0n ? 'empty or padding' : 'not an address of the program');
    }
    const entry = this.withPlace(this.entry(address, value, 'return', 'return address'), value);
    const mismatch = this.mismatches.get(address);
    if (mismatch !== undefined) {
      const { expected, actual, stackAddress } = mismatch;
      entry.mismatch = {
        expected: hex(expected),
        actual: hex(actual),
        stackAddress: hex(stackAddress),
        text: `The stack at ${shortHex(stackAddress)} holds ${this.program.placeInWords(actual)}; the shadow stack expects ${this.program.placeInWords(expected)}.`,
      };
    }
    return entry;
  }

  private withPlace(entry: ShadowStackEntry, target: bigint): ShadowStackEntry {
    const symbol = this.program.symbolic(target);
    if (symbol !== undefined) entry.symbol = symbol;
    // The CALL, not what follows it, is what a person looks for.
    const place = this.program.placeOf(entry.kind === 'return' ? target - 1n : target);
    if (place !== undefined) {
      entry.source = { path: place.file, line: place.line, ...(place.column > 0 && { column: place.column }) };
    }
    return entry;
  }

  /** Tokens hold their own address or the one above it (SDM Vol. 1 §17.2.3). */
  private token(address: bigint, value: bigint): ShadowStackEntry | undefined {
    if ((value & ~7n) === address && (value & 6n) === 0n) {
      const busy = (value & 1n) === 1n;
      return this.entry(address, value, 'supervisorToken', `supervisor token, ${busy ? 'busy' : 'free'}`, 8);
    }
    const target = value & ~3n;
    const mode = (value & 1n) === 1n ? '64-bit' : '32-bit';
    if ((value & 2n) === 0n && ((target - 8n) & ~7n) === address) {
      return this.entry(address, value, 'restoreToken', `restore token, ${mode}: SSP ${shortHex(target)}`, 8);
    }
    // A previous-SSP token points into another shadow stack; code addresses are told by where they lie.
    if ((value & 3n) === 3n && !this.program.isCode(value) && readNumber(this.machine, target, 8) !== undefined) {
      return this.entry(address, value, 'previousSspToken', `previous-SSP token, ${mode}: SSP ${shortHex(target)}`, 8);
    }
    return undefined;
  }

  /** Old SSP, LIP and CS, as event delivery and far CALL push them. */
  private farFrame(address: bigint, previous: bigint): ShadowStackEntry[] | undefined {
    const lip = readNumber(this.machine, address + 8n, 8);
    const selector = readNumber(this.machine, address + 16n, 8);
    if (lip === undefined || selector === undefined) return undefined;
    if (selector < 4n || selector > 0xffffn || (previous & 3n) !== 0n || previous < 0x1000n) return undefined;
    if (this.program.isCode(previous)) return undefined;
    return [
      this.entry(address, previous, 'farSsp', 'SSP of the interrupted code', 8),
      this.withPlace(this.entry(address + 8n, lip, 'farLip', 'where IRET or far RET returns', 8), lip),
      this.entry(address + 16n, selector, 'farCs', `CS selector, CPL ${selector & 3n}`, 8),
    ];
  }
}
