import { linear } from '../../emulator/addresses.ts';
import type { MachineApi, PendingEvent } from '../../emulator/api.ts';
import { hex, shortHex } from '../expressions/format.ts';
import { cetState } from './privilege.ts';
import type { ProgramView } from './programView.ts';
import { accessOf } from './translation.ts';

/** Mnemonics and names of the vectors that the architecture defines (SDM Vol. 3A Table 6-1). */
const EXCEPTIONS: Readonly<Record<number, readonly [mnemonic: string, name: string]>> = {
  0: ['#DE', 'divide error'],
  1: ['#DB', 'debug exception'],
  2: ['NMI', 'non-maskable interrupt'],
  3: ['#BP', 'breakpoint'],
  4: ['#OF', 'overflow'],
  5: ['#BR', 'BOUND range exceeded'],
  6: ['#UD', 'invalid opcode'],
  7: ['#NM', 'device not available'],
  8: ['#DF', 'double fault'],
  10: ['#TS', 'invalid TSS'],
  11: ['#NP', 'segment not present'],
  12: ['#SS', 'stack-segment fault'],
  13: ['#GP', 'general protection'],
  14: ['#PF', 'page fault'],
  16: ['#MF', 'x87 floating-point error'],
  17: ['#AC', 'alignment check'],
  18: ['#MC', 'machine check'],
  19: ['#XM', 'SIMD floating-point exception'],
  20: ['#VE', 'virtualization exception'],
  21: ['#CP', 'control-protection exception'],
};

/** `#CP(NEAR-RET)`, `#PF`, `vector 0x80`. */
export function eventName({ vector, controlProtection }: PendingEvent): string {
  const mnemonic = EXCEPTIONS[vector]?.[0] ?? `vector ${shortHex(vector)}`;
  return controlProtection ? `${mnemonic}(${controlProtection.cause})` : mnemonic;
}

export function vectorName(vector: number): string {
  return EXCEPTIONS[vector]?.[0] ?? `vector ${shortHex(vector)}`;
}

/** The event in words: what happened, with what values, and which control bit made it an event. */
export function describeEvent(machine: MachineApi, program: ProgramView, event: PendingEvent): string {
  const at = program.placeInWords(machine.instructionAddress());
  if (event.controlProtection) return describeControlProtection(machine, program, event, event.controlProtection, at);
  if (event.vector === 14) return describePageFault(machine, event, at);
  const name = EXCEPTIONS[event.vector]?.[1] ?? `${event.source} interrupt ${shortHex(event.vector)}`;
  const sentences = [`${capital(name)} at ${at}.`];
  if (event.errorCode !== undefined) sentences.push(describeSelectorCode(event.vector, event.errorCode));
  return sentences.join('\n');
}

function describeControlProtection(
  machine: MachineApi,
  program: ProgramView,
  event: PendingEvent,
  { cause, expected, actual }: NonNullable<PendingEvent['controlProtection']>,
  at: string,
): string {
  const { control } = cetState(machine);
  const shadowBit = `${control}.SH_STK_EN is 1, so shadow stacks are enforced.`;
  const code = event.errorCode === undefined ? '' : `Error code ${event.errorCode}.`;
  const place = (value: bigint | undefined) => (value === undefined ? 'nothing readable' : program.placeInWords(value));
  const token = (value: bigint | undefined) => (value === undefined ? 'nothing readable' : hex(value));
  const sentences: string[] = [];
  switch (cause) {
    case 'NEAR-RET':
      sentences.push(
        `RET at ${at}: the return address on the stack differs from the shadow stack.`,
        `Expected (shadow stack at SSP ${shortHex(machine.readRegister('ssp'))}): ${place(expected)}.`,
        `Actual (stack at RSP ${shortHex(machine.readRegister('rsp'))}): ${place(actual)}.`,
        shadowBit,
      );
      break;
    case 'FAR-RET/IRET':
      sentences.push(
        `Far RET or IRET at ${at}: what it returns to differs from the shadow stack.`,
        `Expected (shadow stack at SSP ${shortHex(machine.readRegister('ssp'))}): ${place(expected)}.`,
        `Actual (ordinary stack): ${place(actual)}.`,
        shadowBit,
      );
      break;
    case 'ENDBRANCH':
      sentences.push(
        `An indirect branch landed at ${at}, where there is no ENDBR${machine.codeBits() === 64 ? '64' : '32'}.`,
        'The branch has completed; the tracker is in WAIT_FOR_ENDBRANCH.',
        `${control}.ENDBR_EN is 1, so indirect branches are tracked.`,
      );
      break;
    case 'RSTORSSP':
      sentences.push(
        `RSTORSSP at ${at}: the shadow-stack restore token is wrong.`,
        `Expected token: ${token(expected)}. Found: ${token(actual)}.`,
        shadowBit,
      );
      break;
    case 'SETSSBSY':
      sentences.push(
        `SETSSBSY at ${at}: the supervisor shadow-stack token is wrong or already busy.`,
        `Expected token: ${token(expected)}. Found: ${token(actual)}.`,
        shadowBit,
      );
      break;
  }
  return [...sentences, code].filter((sentence) => sentence !== '').join('\n');
}

/** Bits of the #PF error code (SDM Vol. 3A §4.7). */
function describePageFault(machine: MachineApi, event: PendingEvent, at: string): string {
  const { errorCode = 0, cr2 } = event;
  const access = errorCode & 0x10 ? 'Instruction fetch from' : errorCode & 0x2 ? 'Write to' : 'Read from';
  const who = errorCode & 0x4 ? 'user' : 'supervisor';
  const why =
    errorCode & 0x8
      ? 'a reserved bit is set in a paging entry'
      : errorCode & 0x20
        ? 'protection keys forbid it'
        : errorCode & 0x1
          ? 'the page is present, but its rights forbid it'
          : 'the page is not present';
  const shadow = errorCode & 0x40 ? ' It was a shadow-stack access, which needs a shadow-stack page.' : '';
  const address = cr2 ?? machine.readRegister('cr2');
  const { outcome } = machine.explainTranslation(linear(address), accessOf(event));
  // The tables may have been changed since, or the fault may come from a stale translation.
  const refused = outcome.ok ? '' : `\n${outcome.sentence}`;
  return `${access} ${shortHex(address)} as ${who} at ${at}: ${why}.${shadow}${refused}\nError code ${shortHex(errorCode)}.`;
}

/** Selector error codes (SDM Vol. 3A §6.13). */
function describeSelectorCode(vector: number, errorCode: number): string {
  const carriesSelector = vector >= 10 && vector <= 13;
  if (!carriesSelector || errorCode === 0) return `Error code ${shortHex(errorCode)}.`;
  const table = errorCode & 2 ? 'IDT' : errorCode & 4 ? 'LDT' : 'GDT';
  const external = errorCode & 1 ? ', while an event from outside was delivered' : '';
  return `Error code ${shortHex(errorCode)}: ${table} entry ${errorCode >> 3}${external}.`;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
