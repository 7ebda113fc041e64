/** Access rights of paging (SDM Vol. 3A §4.6, §4.7): which access faults, and with which error code. */
import { describe, expect, it } from 'vitest';
import { hostPhysical } from '../../../emulator/addresses.ts';
import { Machine } from '../../../emulator/machine.ts';
import { A, D, key, NX, P, PS, physical64, put64, RW, Tables, US } from '../tables.ts';

const CODE_S = 0x40_0000n;
const CODE_U = 0x50_0000n;
const TARGET = 0x7000_0000n;
const PAGE = 0x10_0000n;

const CR0_WP = 0x1_0000n;
const CR4 = { SMEP: 1n << 20n, SMAP: 1n << 21n, PKE: 1n << 22n };
const NXE = 0x800n;
const AC = 0x4_0000n;

/** Code at RIP for each access to [RAX]; a fetch jumps there, where a NOP lies. */
const CODE = { read: [0x8a, 0x18], write: [0x88, 0x18], modify: [0x00, 0x18], fetch: [0xff, 0xe0] } as const;
type Access = keyof typeof CODE;

interface Setting {
  readonly leaf: bigint;
  readonly upper?: bigint;
  readonly cpl: 0 | 3;
  readonly access: Access;
  readonly cr4?: bigint;
  readonly wp?: boolean;
  readonly nxe?: boolean;
  readonly ac?: boolean;
  readonly pkru?: bigint;
}

function prepare(s: Setting) {
  const machine = Machine.create({ cpu: 'tigerlake', memoryBytes: 4 << 20 });
  const tables = new Tables(machine);
  tables.map(CODE_S, 0x8000n, P | A);
  tables.map(CODE_U, 0x8000n, P | A | US);
  tables.map(TARGET, PAGE, s.leaf);
  if (s.upper !== undefined) {
    const at = tables.entry(TARGET, 2);
    put64(machine, at, (physical64(machine, at) & 0x000f_ffff_ffff_f000n) | s.upper);
  }
  machine.writePhysical(hostPhysical(0x8000), Uint8Array.from(CODE[s.access]));
  machine.writePhysical(hostPhysical(Number(PAGE)), Uint8Array.of(0x90, 0x90));
  const set = (name: string, value: bigint) => expect(machine.writeRegister(name, value)).toBeUndefined();
  set('cr3', tables.root);
  set('cr4', 0x620n | (s.cr4 ?? 0n));
  set('efer', 0x501n | (s.nxe === false ? 0n : NXE));
  set('cr0', 0x8000_0033n | (s.wp === false ? 0n : CR0_WP));
  set('cs', s.cpl === 3 ? 0x33n : 8n);
  set('cs.base', 0n);
  set('cs.attributes', s.cpl === 3 ? 0xa0fbn : 0xa09bn);
  set('ss.attributes', s.cpl === 3 ? 0xc0f3n : 0xc093n);
  set('rflags', 2n | (s.ac ? AC : 0n));
  set('rax', TARGET);
  set('rip', s.cpl === 3 ? CODE_U : CODE_S);
  if (s.pkru !== undefined) {
    // WRPKRU is the only way in; it runs at the same place beforehand.
    machine.writePhysical(hostPhysical(0x8800), Uint8Array.of(0x0f, 0x01, 0xef));
    set('rip', (s.cpl === 3 ? CODE_U : CODE_S) + 0x800n);
    set('rax', s.pkru);
    set('rcx', 0n);
    set('rdx', 0n);
    expect(machine.run(1)).toEqual({ kind: 'budget' });
    set('rax', TARGET);
    set('rip', s.cpl === 3 ? CODE_U : CODE_S);
  }
  machine.setExceptionStops(-1);
  return { machine, tables };
}

/** The error code of the #PF, or undefined when the access went through. */
function errorCode(s: Setting): number | undefined {
  const { machine, tables } = prepare(s);
  const exit = machine.run(s.access === 'fetch' ? 2 : 1);
  const leaf = tables.leaf(TARGET);
  if (exit.kind === 'budget') {
    const dirty = s.access === 'write' || s.access === 'modify';
    expect(leaf & (A | D), 'accessed and dirty').toBe((s.leaf & (A | D)) | A | (dirty ? D : 0n));
    return undefined;
  }
  expect(exit).toMatchObject({ kind: 'exception', event: { vector: 14, source: 'fault', cr2: TARGET } });
  expect(leaf, 'a refused access leaves the entry as it is').toBe(PAGE | s.leaf);
  return exit.kind === 'exception' ? exit.event.errorCode : undefined;
}

const W = 2;
const U = 4;
const RSVD = 8;
const I = 16;
const PK = 32;
const ok = undefined;

const CASES: readonly (readonly [string, Setting, number | undefined])[] = [
  ['supervisor read', { leaf: P, cpl: 0, access: 'read' }, ok],
  ['supervisor write, read-only, WP', { leaf: P, cpl: 0, access: 'write' }, 1 | W],
  ['supervisor write, read-only, no WP', { leaf: P, cpl: 0, access: 'write', wp: false }, ok],
  ['supervisor write', { leaf: P | RW, cpl: 0, access: 'write' }, ok],
  ['supervisor read-modify-write', { leaf: P | RW, cpl: 0, access: 'modify' }, ok],
  ['supervisor read-modify-write, read-only', { leaf: P, cpl: 0, access: 'modify' }, 1 | W],
  ['supervisor read, not present', { leaf: RW | US, cpl: 0, access: 'read' }, 0],
  ['supervisor write, not present', { leaf: 0n, cpl: 0, access: 'write' }, W],
  ['supervisor fetch, not present', { leaf: 0n, cpl: 0, access: 'fetch' }, I],
  ['supervisor fetch, not present, no NXE', { leaf: 0n, cpl: 0, access: 'fetch', nxe: false }, 0],
  ['supervisor fetch, not present, no NXE, SMEP', { leaf: 0n, cpl: 0, access: 'fetch', nxe: false, cr4: CR4.SMEP }, I],
  ['supervisor fetch', { leaf: P, cpl: 0, access: 'fetch' }, ok],
  ['supervisor fetch, XD', { leaf: P | NX, cpl: 0, access: 'fetch' }, 1 | I],
  ['supervisor read, XD', { leaf: P | NX, cpl: 0, access: 'read' }, ok],
  ['supervisor read, XD without NXE', { leaf: P | NX, cpl: 0, access: 'read', nxe: false }, 1 | RSVD],
  ['supervisor write, XD without NXE', { leaf: P | RW | NX, cpl: 0, access: 'write', nxe: false }, 1 | W | RSVD],
  ['user read, XD without NXE', { leaf: P | US | NX, cpl: 3, access: 'read', nxe: false }, 1 | U | RSVD],
  ['supervisor fetch of a user page', { leaf: P | US, cpl: 0, access: 'fetch' }, ok],
  ['supervisor fetch of a user page, SMEP', { leaf: P | US, cpl: 0, access: 'fetch', cr4: CR4.SMEP }, 1 | I],
  ['supervisor read of a user page, SMEP', { leaf: P | US, cpl: 0, access: 'read', cr4: CR4.SMEP }, ok],
  ['supervisor read of a user page, SMAP', { leaf: P | US, cpl: 0, access: 'read', cr4: CR4.SMAP }, 1],
  ['supervisor write of a user page, SMAP', { leaf: P | RW | US, cpl: 0, access: 'write', cr4: CR4.SMAP }, 1 | W],
  ['supervisor read of a user page, SMAP, AC', { leaf: P | US, cpl: 0, access: 'read', cr4: CR4.SMAP, ac: true }, ok],
  ['supervisor write, user, SMAP, AC', { leaf: P | RW | US, cpl: 0, access: 'write', cr4: CR4.SMAP, ac: true }, ok],
  ['user write, SMAP', { leaf: P | RW | US, cpl: 3, access: 'write', cr4: CR4.SMAP }, ok],
  ['user read of a supervisor page', { leaf: P | RW, cpl: 3, access: 'read' }, 1 | U],
  ['user write of a supervisor page', { leaf: P | RW, cpl: 3, access: 'write' }, 1 | U | W],
  ['user fetch of a supervisor page', { leaf: P | RW, cpl: 3, access: 'fetch' }, 1 | U | I],
  ['user read', { leaf: P | US, cpl: 3, access: 'read' }, ok],
  ['user write, read-only', { leaf: P | US, cpl: 3, access: 'write' }, 1 | U | W],
  ['user write, read-only, no WP', { leaf: P | US, cpl: 3, access: 'write', wp: false }, 1 | U | W],
  ['user write', { leaf: P | RW | US, cpl: 3, access: 'write' }, ok],
  ['user fetch, XD', { leaf: P | US | NX, cpl: 3, access: 'fetch' }, 1 | U | I],
  ['user read, not present', { leaf: 0n, cpl: 3, access: 'read' }, U],
  ['user read, supervisor above', { leaf: P | US, upper: P | RW, cpl: 3, access: 'read' }, 1 | U],
  ['user write, read-only above', { leaf: P | RW | US, upper: P | US, cpl: 3, access: 'write' }, 1 | U | W],
  ['supervisor fetch, XD above', { leaf: P, upper: P | RW | US | NX, cpl: 0, access: 'fetch' }, 1 | I],
  ['key 1 without access', { leaf: P | US | key(1n), cpl: 3, access: 'read', cr4: CR4.PKE, pkru: 4n }, 1 | U | PK],
  ['key 1 without write, read', { leaf: P | US | RW | key(1n), cpl: 3, access: 'read', cr4: CR4.PKE, pkru: 8n }, ok],
  [
    'key 1 without write',
    { leaf: P | US | RW | key(1n), cpl: 3, access: 'write', cr4: CR4.PKE, pkru: 8n },
    1 | U | W | PK,
  ],
  ['key 2 with another key shut', { leaf: P | US | key(2n), cpl: 3, access: 'read', cr4: CR4.PKE, pkru: 0xcn }, ok],
  ['key 1, CR4.PKE clear', { leaf: P | US | key(1n), cpl: 3, access: 'read' }, ok],
  ['key 1 without access, fetch', { leaf: P | US | key(1n), cpl: 3, access: 'fetch', cr4: CR4.PKE, pkru: 4n }, ok],
  ['key 1, supervisor read', { leaf: P | US | key(1n), cpl: 0, access: 'read', cr4: CR4.PKE, pkru: 4n }, 1 | PK],
  [
    'key 1 without write, supervisor, no WP',
    { leaf: P | RW | US | key(1n), cpl: 0, access: 'write', wp: false, cr4: CR4.PKE, pkru: 8n },
    ok,
  ],
  ['key 1, supervisor page', { leaf: P | key(1n), cpl: 0, access: 'read', cr4: CR4.PKE, pkru: 4n }, ok],
  ['dirty already', { leaf: P | RW | D, cpl: 0, access: 'write' }, ok],
  ['frame above MAXPHYADDR', { leaf: P | (1n << 51n), cpl: 0, access: 'read' }, 1 | RSVD],
];

describe('paging permissions', () => {
  it.each(CASES)('%s', (_name, setting, expected) => {
    expect(errorCode(setting)).toBe(expected);
  });

  it.each([
    ['PS in a PML4E', 4, P | RW | US | PS],
    ['a low frame bit of a 1-GiB page', 3, P | RW | US | PS | 0x2000_0000n],
    ['bit 13 of a 1-GiB page', 3, P | RW | US | PS | 0x2000n],
    ['a low frame bit of a 2-MiB page', 2, P | RW | US | PS | 0x10_0000n],
    ['bit 13 of a 2-MiB page', 2, P | RW | US | PS | 0x2000n],
  ])('%s is reserved', (_name, level, value) => {
    const { machine, tables } = prepare({ leaf: P, cpl: 0, access: 'read' });
    const linear = 0x80_0000_0000n;
    put64(machine, tables.entry(linear, level), value);
    machine.writeRegister('rax', linear);
    expect(machine.run(1)).toMatchObject({
      kind: 'exception',
      event: { vector: 14, errorCode: 1 | RSVD, cr2: linear },
    });
  });

  it.each([
    ['2 MiB', 2, 0x20_0000n],
    ['1 GiB', 3, 0n],
  ])('a %s page with its PAT bit (12) maps', (_name, level, frame) => {
    const { machine, tables } = prepare({ leaf: P, cpl: 0, access: 'read' });
    const linear = 0x80_0000_0000n;
    put64(machine, tables.entry(linear, level), frame | P | RW | US | PS | 0x1000n);
    machine.writePhysical(hostPhysical(Number(frame) + 0x1_2345), Uint8Array.of(0x5a));
    machine.writeRegister('rax', linear + 0x1_2345n);
    expect(machine.run(1)).toEqual({ kind: 'budget' });
    expect(machine.readRegister('bl')).toBe(0x5an);
  });

  it('accessed bits are set in every level, and only by the guest', () => {
    const { machine, tables } = prepare({ leaf: P | RW, cpl: 0, access: 'read' });
    const levels = [4, 3, 2, 1].map((level) => tables.entry(TARGET, level));
    const accessed = () => levels.map((at) => (physical64(machine, at) & A) !== 0n);
    for (const at of levels) put64(machine, at, physical64(machine, at) & ~A);
    machine.writeRegister('cr3', tables.root);
    machine.readLinear(TARGET as never, 16);
    machine.writeLinear(TARGET as never, Uint8Array.of(1));
    machine.translate(TARGET as never);
    expect(accessed()).toEqual([false, false, false, false]);
    machine.run(1);
    expect(accessed()).toEqual([true, true, true, true]);
    expect(levels.map((at) => physical64(machine, at) & D)).toEqual([0n, 0n, 0n, 0n]);
  });
});
