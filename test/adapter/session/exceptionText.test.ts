import { describe, expect, it } from 'vitest';
import type { ProgramImage } from '../../../adapter/program/image.ts';
import { environmentOf, eventNames } from '../../../adapter/session/environment.ts';
import { ExceptionFilters, MISMATCH_FILTER } from '../../../adapter/session/exceptionFilters.ts';
import { describeEvent, eventName } from '../../../adapter/session/exceptionText.ts';
import { ProgramView } from '../../../adapter/session/programView.ts';
import { Registers } from '../../../adapter/session/registers.ts';
import type { PendingEvent } from '../../../emulator/api.ts';
import { memoryMachine } from '../../emulator/memoryMachine.ts';

const image: ProgramImage = {
  ...{ bits: 64, entry: 0x1000n, segments: [], sources: [], frames: [], warnings: [], lines: [] },
  sections: [{ name: '.text', address: 0x1000n, size: 0x1000n, executable: true, writable: false }],
  symbols: [{ name: 'main', address: 0x1000n, size: 0x100n, kind: 'function', global: true }],
};
const program = new ProgramView(image);

function stopped(cs = 8n) {
  const { machine, registers } = memoryMachine();
  for (const [name, value] of [
    ['cs', cs],
    ['rip', 0x1004n],
    ['cr0', 1n],
    ['cr4', 1n << 23n],
  ] as const)
    registers.set(name, value);
  for (const name of ['s_cet', 'u_cet', 'ssp']) registers.set(name, 1n);
  return machine;
}

const fault = (vector: number, rest: Partial<PendingEvent> = {}): PendingEvent => ({
  vector,
  source: 'fault',
  ...rest,
});

describe('events in words', () => {
  it.each<[PendingEvent, RegExp[]]>([
    [fault(0), [/^Divide error at 0x1004 <main\+0x4>\.$/]],
    [
      fault(14, { errorCode: 0x2, cr2: 0xdead000n }),
      [/^Write to 0xdead000 as supervisor at 0x1004 <main\+0x4>: the page is not present\./, /Error code 0x2\./],
    ],
    [fault(14, { errorCode: 0x15, cr2: 0x10n }), [/^Instruction fetch from 0x10 as user .*its rights forbid it\./]],
    [fault(14, { errorCode: 0x9, cr2: 0x10n }), [/a reserved bit is set in a paging entry/]],
    [fault(14, { errorCode: 0x43, cr2: 0x10n }), [/It was a shadow-stack access/]],
    [fault(13, { errorCode: 0 }), [/^General protection at /, /Error code 0x0\.$/]],
    [fault(13, { errorCode: 0x2b }), [/Error code 0x2b: IDT entry 5, while an event from outside was delivered\.$/]],
    [fault(11, { errorCode: 0x14 }), [/LDT entry 2\.$/]],
    [
      fault(21, { errorCode: 5, controlProtection: { cause: 'SETSSBSY', expected: 0x5000n, actual: 0x5001n } }),
      [/^SETSSBSY at /, /Expected token: 0x0000000000005000\. Found: 0x0000000000005001\./, /S_CET\.SH_STK_EN is 1/],
    ],
    [
      fault(21, { errorCode: 4, controlProtection: { cause: 'RSTORSSP', expected: 1n, actual: 2n } }),
      [/^RSTORSSP at /],
    ],
    [
      fault(21, { errorCode: 2, controlProtection: { cause: 'FAR-RET/IRET', expected: 0x1010n, actual: 0x1020n } }),
      [/<main\+0x10>/, /<main\+0x20>/],
    ],
  ])('case %#', (event, patterns) => {
    const text = describeEvent(stopped(), program, event);
    for (const pattern of patterns) expect(text).toMatch(pattern);
  });

  it('names the control register of the privilege at hand', () => {
    const event = fault(21, { errorCode: 3, controlProtection: { cause: 'ENDBRANCH' } });
    expect(describeEvent(stopped(0x23n), program, event)).toContain('U_CET.ENDBR_EN is 1');
    expect(describeEvent(stopped(8n), program, event)).toContain('S_CET.ENDBR_EN is 1');
    expect(eventName(event)).toBe('#CP(ENDBRANCH)');
  });
});

describe('filters', () => {
  const nearRet = fault(21, { errorCode: 1, controlProtection: { cause: 'NEAR-RET', expected: 1n, actual: 2n } });
  const match = (filters: ExceptionFilters, event: PendingEvent) =>
    filters.match(event, () => environmentOf(new Registers(stopped()), program, undefined, eventNames(event)));

  it('are on for every #CP cause from the start, and for nothing else', () => {
    const filters = new ExceptionFilters();
    expect(match(filters, nearRet)).toBe('cp.nearRet');
    expect(match(filters, fault(14))).toBeUndefined();
    expect(filters.vectors).toBe(1 << 21);
  });

  it('tell #CP causes apart', () => {
    const filters = new ExceptionFilters();
    filters.set([{ filterId: 'cp.endbranch' }]);
    expect(match(filters, nearRet)).toBeUndefined();
    filters.set([{ filterId: MISMATCH_FILTER }]);
    expect(match(filters, nearRet)).toBe(MISMATCH_FILTER);
  });

  it('see the address of a page fault before CR2 has it', () => {
    const filters = new ExceptionFilters();
    filters.set([{ filterId: 'pf', condition: 'cr2 < 0x1000 && errorCode == 2' }]);
    expect(match(filters, fault(14, { cr2: 0x10n, errorCode: 2 }))).toBe('pf');
    expect(match(filters, fault(14, { cr2: 0x10n, errorCode: 0 }))).toBeUndefined();
    expect(match(filters, fault(14, { cr2: 0x2000n, errorCode: 2 }))).toBeUndefined();
  });

  it('leave interrupts from outside alone', () => {
    const filters = new ExceptionFilters();
    filters.set([{ filterId: 'others' }]);
    expect(match(filters, { vector: 16, source: 'external' })).toBeUndefined();
    expect(match(filters, fault(16))).toBe('others');
  });
});
