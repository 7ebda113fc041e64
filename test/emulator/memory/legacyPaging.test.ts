/** 32-bit and PAE paging (SDM Vol. 3A §4.3, §4.4): a guest turns it on and uses tables that the test has made. */
import { describe, expect, it } from 'vitest';
import { hostPhysical, linear } from '../../../emulator/addresses.ts';
import type { Machine } from '../../../emulator/machine.ts';
import { type Guest, guest, runToEnd } from '../guest.ts';
import { A, D, NX, P, PS, physical64, put64, RW, US } from '../tables.ts';

const ROOT = 0x20_0000n;
const DIRECTORY = 0x20_1000n;
const TABLE = 0x20_2000n;
const PAGE = 0x30_0000n;
/** Not mapped unless a test does so. */
const TARGET = 0x4000_0000n;
const CR4_PSE = 0x10;
const CR4_PAE = 0x20;
const EFER_NXE = 0x800;

function put32(machine: Machine, address: bigint, value: bigint): void {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, Number(value), true);
  expect(machine.writePhysical(hostPhysical(Number(address)), bytes)).toBeUndefined();
}
const physical32 = (machine: Machine, address: bigint): bigint =>
  (physical64(machine, address & ~7n) >> ((address & 4n) * 8n)) & 0xffff_ffffn;

/** A guest that turns paging on and then runs `body`; the first 4 MiB are mapped to themselves by `map`. */
async function paged(cr4: number, body: string, map: (machine: Machine) => void, cr0 = 0x8001_0033): Promise<Guest> {
  const g = await guest(
    `
    .globl _start
_start:
    movl $0xc0000080, %ecx
    movl $${cr4 & CR4_PAE ? EFER_NXE : 0}, %eax
    xorl %edx, %edx
    wrmsr
    movl $${ROOT}, %eax
    movl %eax, %cr3
    movl $${cr4}, %eax
    movl %eax, %cr4
    movl $${cr0}, %eax
    movl %eax, %cr0
    ${body}
    outl %eax, $0xf4
`,
    { start: 'protected32', memoryBytes: 16 << 20 },
  );
  put64(g.machine, PAGE, 0x1111_2222_3333_4444n);
  map(g.machine);
  g.machine.setExceptionStops(-1);
  return g;
}

const LARGE = CR4_PSE;
/** 32-bit paging: the first 4 MiB by a large page, or by 4-KiB pages without PSE. */
function identity32(machine: Machine, pse: boolean): void {
  if (pse) put32(machine, ROOT, P | RW | US | PS);
  else {
    put32(machine, ROOT, TABLE | P | RW | US);
    for (let i = 0n; i < 1024n; i++) put32(machine, TABLE + i * 4n, (i << 12n) | P | RW | US);
  }
}
const PDE32 = ROOT + (TARGET >> 22n) * 4n;
const TABLE32 = 0x20_3000n;
/** Index 5 of a table. */
const AT_5 = TARGET + 0x5000n;

function exitOf(g: Guest) {
  const exit = runToEnd(g.machine);
  if (exit.kind === 'exception') {
    const { vector, errorCode, cr2 } = exit.event;
    return { vector, errorCode, ...(cr2 === undefined ? {} : { cr2 }) };
  }
  return exit.kind === 'debugExit' ? { eax: exit.code } : exit;
}

describe('32-bit paging', () => {
  const small = (flags: bigint) => (machine: Machine) => {
    identity32(machine, false);
    put32(machine, PDE32, TABLE32 | P | RW | US);
    put32(machine, TABLE32 + 5n * 4n, PAGE | flags);
  };

  it('reads through a 4-KiB page and sets accessed bits only', async () => {
    const g = await paged(0, `movl ${AT_5}+4, %eax`, small(P | RW));
    expect(exitOf(g)).toEqual({ eax: 0x1111_2222 });
    expect(physical32(g.machine, PDE32)).toBe(TABLE32 | P | RW | US | A);
    expect(physical32(g.machine, TABLE32 + 20n)).toBe(PAGE | P | RW | A);
    expect(physical32(g.machine, TABLE32 + 16n)).toBe(0n);
  });

  it('sets the dirty bit for a write', async () => {
    const g = await paged(0, `movl $7, ${AT_5}\n movl ${AT_5}, %eax`, small(P | RW));
    expect(exitOf(g)).toEqual({ eax: 7 });
    expect(physical32(g.machine, TABLE32 + 20n)).toBe(PAGE | P | RW | A | D);
    expect(physical64(g.machine, PAGE)).toBe(0x1111_2222_0000_0007n);
  });

  it.each([
    ['an absent page', 'movl TARGET, %eax', 0n, 0],
    ['a write to an absent page', 'movl %eax, TARGET', 0n, 2],
    ['a write to a read-only page', 'movl %eax, TARGET', P, 3],
  ])('faults for %s', async (_, access, flags, errorCode) => {
    const g = await paged(0, access.replace('TARGET', String(AT_5)), small(flags));
    expect(exitOf(g)).toEqual({ vector: 14, errorCode, cr2: AT_5 });
  });

  const large = (flags: bigint) => (machine: Machine) => {
    identity32(machine, true);
    put32(machine, PDE32, flags | P | RW | PS);
  };

  it('reads both halves of a 4-MiB page', async () => {
    const g = await paged(LARGE, `movl ${TARGET + PAGE}, %eax\n movl ${TARGET + 0x1000n}, %ebx`, large(0n));
    expect(exitOf(g)).toEqual({ eax: 0x3333_4444 });
    expect(physical32(g.machine, PDE32)).toBe(P | RW | PS | A);
    expect(g.machine.translate(linear(TARGET + PAGE + 4n))).toEqual({ ok: true, physical: Number(PAGE) + 4 });
  });

  it('drops both halves of a 4-MiB page by one INVLPG', async () => {
    const body = `
    movl ${TARGET + PAGE}, %eax
    movl ${TARGET}, %ebx
    movl $${0x40_0000n | P | RW | PS}, ${PDE32}
    movl ${TARGET + PAGE}, %ecx
    invlpg ${TARGET}
    movl ${TARGET + PAGE}, %eax`;
    const g = await paged(LARGE, body, large(0n));
    put64(g.machine, 0x40_0000n + PAGE, 0x55n);
    expect(exitOf(g)).toEqual({ eax: 0x55 });
    expect(g.machine.readRegister('rcx')).toBe(0x3333_4444n);
  });

  it('has no large pages without CR4.PSE: the entry names a table', async () => {
    const g = await paged(0, `movl ${AT_5}, %eax`, (machine) => {
      identity32(machine, false);
      put32(machine, PDE32, TABLE32 | P | RW | PS);
      put32(machine, TABLE32 + 20n, PAGE | P);
    });
    expect(exitOf(g)).toEqual({ eax: 0x3333_4444 });
    expect(g.machine.translate(linear(AT_5))).toEqual({ ok: true, physical: Number(PAGE) });
  });

  it.each([
    ['bit 21', 1n << 21n],
    ['a frame above MAXPHYADDR (39 bits)', 1n << 20n],
  ])('faults for %s in a 4-MiB page', async (_, bit) => {
    const g = await paged(LARGE, `movl ${TARGET}, %eax`, large(bit));
    expect(exitOf(g)).toEqual({ vector: 14, errorCode: 9, cr2: TARGET });
  });
});

describe('PAE paging', () => {
  const PDPTE1 = ROOT + 8n;
  const OTHER_ROOT = 0x20_6000n;
  const pae =
    (flags: bigint, level: 1 | 2 = 1) =>
    (machine: Machine) => {
      put64(machine, ROOT, DIRECTORY | P);
      put64(machine, DIRECTORY, P | RW | US | PS);
      put64(machine, DIRECTORY + 8n, 0x20_0000n | P | RW | US | PS);
      put64(machine, PDPTE1, 0x20_4000n | P);
      if (level === 2) put64(machine, 0x20_4000n, 0x20_0000n | PS | flags);
      else {
        put64(machine, 0x20_4000n, 0x20_5000n | P | RW | US);
        put64(machine, 0x20_5000n + 5n * 8n, PAGE | flags);
      }
    };
  const READ = `movl ${AT_5}, %eax`;

  it('reads through a 4-KiB page', async () => {
    const g = await paged(CR4_PAE, READ, pae(P | RW));
    expect(exitOf(g)).toEqual({ eax: 0x3333_4444 });
    expect(physical64(g.machine, 0x20_5000n + 40n)).toBe(PAGE | P | RW | A);
    // Entries of the PDPT have no accessed bit.
    expect(physical64(g.machine, PDPTE1)).toBe(0x20_4000n | P);
    expect(g.machine.translate(linear(AT_5))).toEqual({ ok: true, physical: Number(PAGE) });
  });

  it('reads through a 2-MiB page', async () => {
    const g = await paged(CR4_PAE, `movl ${TARGET + 0x10_0000n}, %eax`, pae(P | RW, 2));
    expect(exitOf(g)).toEqual({ eax: 0x3333_4444 });
  });

  it('takes PDPTEs when CR3 is loaded, and not later', async () => {
    const body = `
    movl $0, ${PDPTE1}
    movl ${AT_5}, %eax
    movl %cr3, %ecx
    movl %ecx, %cr3
    movl ${AT_5}, %eax`;
    const g = await paged(CR4_PAE, body, pae(P | RW));
    expect(exitOf(g)).toEqual({ vector: 14, errorCode: 0, cr2: AT_5 });
    expect(g.machine.readRegister('rax')).toBe(0x3333_4444n);
  });

  it.each([
    ['bit 1', 2n],
    ['bit 5', 0x20n],
    ['bit 63', NX],
    ['a frame above MAXPHYADDR', 1n << 39n],
  ])('refuses a PDPTE with %s', async (_, bit) => {
    const g = await paged(CR4_PAE, READ, (machine) => {
      pae(P | RW)(machine);
      put64(machine, PDPTE1, 0x20_4000n | P | bit);
    });
    expect(exitOf(g)).toEqual({ vector: 13, errorCode: 0 });
    // Nothing has changed: paging is still off.
    expect(g.machine.readRegister('cr0') >> 31n).toBe(0n);
  });

  it('does not look at the rest of an absent PDPTE', async () => {
    const g = await paged(CR4_PAE, READ, (machine) => {
      pae(P | RW)(machine);
      put64(machine, ROOT + 16n, 0xffff_ffff_ffff_fffen);
    });
    expect(exitOf(g)).toEqual({ eax: 0x3333_4444 });
  });

  it.each([
    ['bit 52', 1n << 52n],
    ['bit 62', 1n << 62n],
    ['a frame above MAXPHYADDR', 1n << 39n],
  ])('faults for %s in a PTE', async (_, bit) => {
    const g = await paged(CR4_PAE, READ, pae(P | RW | bit));
    expect(exitOf(g)).toEqual({ vector: 14, errorCode: 9, cr2: AT_5 });
  });

  it('follows a debugger that writes CR3', async () => {
    const g = await paged(CR4_PAE, `nop\nhere: ${READ}`, (machine) => {
      pae(P | RW)(machine);
      put64(machine, OTHER_ROOT, DIRECTORY | P);
    });
    g.machine.setBreakpoints([linear(g.at('here'))]);
    expect(runToEnd(g.machine).kind).toBe('breakpoint');
    expect(g.machine.writeRegister('cr3', OTHER_ROOT)).toBeUndefined();
    g.machine.setBreakpoints([]);
    expect(exitOf(g)).toEqual({ vector: 14, errorCode: 0, cr2: AT_5 });
  });

  it('fetches from no page with XD', async () => {
    const g = await paged(CR4_PAE, `movl $${AT_5}, %eax\n jmp *%eax`, pae(P | RW | NX));
    expect(exitOf(g)).toEqual({ vector: 14, errorCode: 0x11, cr2: AT_5 });
  });
});
