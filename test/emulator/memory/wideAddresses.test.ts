/** 5-level paging, linear-address masking, protection keys of supervisor pages (SDM Vol. 3A §4.5, §4.6.2; Vol. 1 §3.3.7). */
import { describe, expect, it } from 'vitest';
import { linear } from '../../../emulator/addresses.ts';
import type { MachineConfiguration } from '../../../emulator/api.ts';
import { loadGuest } from '../../../emulator/loaders/load.ts';
import { Machine } from '../../../emulator/machine.ts';
import { assembleText, runToEnd } from '../guest.ts';
import { key, P, PS, physical64, put64, RW, Tables, US } from '../tables.ts';

const PML5 = 0x30_0000n;
const PAGE = 0x10_8000n;
const VALUE = 0x1122_3344_5566_7788n;
const LA57 = 1n << 12n;
const LAM_SUP = 1n << 28n;
const LAM_U57 = 1n << 61n;
const LAM_U48 = 1n << 62n;

interface Setting {
  readonly features?: NonNullable<MachineConfiguration['features']>;
  readonly cr4?: bigint;
  readonly cr3?: bigint;
  readonly fiveLevel?: boolean;
  /** What is mapped to PAGE besides. */
  readonly at?: bigint;
  readonly flags?: bigint;
  readonly user?: boolean;
}

async function prepare(code: string, setting: Setting = {}) {
  const image = await assembleText(`_start:\n${code}\n hlt`);
  const machine = Machine.create({
    cpu: 'sapphirerapids',
    features: { lam: true, ...setting.features },
    memoryBytes: 4 << 20,
  });
  loadGuest(machine, image, 'long64');
  const tables = new Tables(machine, 0x20_0000n);
  for (let page = 0n; page < 0x40_0000n; page += 0x1000n) tables.map(page, page, P | RW);
  put64(machine, PML5, tables.root | P | RW | US);
  put64(machine, PAGE, VALUE);
  // In 5-level paging the upper half of the PML4's addresses is not sign-extended: PML5E 0 covers 0 to 2^48 − 1.
  if (setting.at !== undefined) {
    const low = setting.at & 0xffff_ffff_ffffn;
    tables.map(low, PAGE, setting.flags ?? P | RW);
    if (setting.fiveLevel) put64(machine, PML5 + ((setting.at >> 48n) & 511n) * 8n, tables.root | P | RW | US);
  }
  const set = (name: string, value: bigint) => expect(machine.writeRegister(name, value)).toBeUndefined();
  set('cr4', 0x6a0n | (setting.fiveLevel ? LA57 : 0n) | (setting.cr4 ?? 0n));
  set('cr3', (setting.fiveLevel ? PML5 : tables.root) | (setting.cr3 ?? 0n));
  machine.setExceptionStops(-1);
  return { machine, tables };
}

async function outcome(code: string, setting: Setting = {}): Promise<string> {
  const { machine } = await prepare(code, setting);
  const exit = runToEnd(machine);
  if (exit.kind !== 'exception') return `0x${machine.readRegister('rbx').toString(16)}`;
  const { vector, errorCode, cr2 } = exit.event;
  return `${vector}(${errorCode})${cr2 === undefined ? '' : ` at 0x${cr2.toString(16)}`}`;
}

const found = `0x${VALUE.toString(16)}`;
const read = (address: bigint) => `movabsq $${BigInt.asIntN(64, address)}, %rax\n movq (%rax), %rbx`;
const jump = (address: bigint) => `movabsq $${BigInt.asIntN(64, address)}, %rax\n jmp *%rax`;
const negative = (address: bigint) => BigInt.asUintN(64, address);

describe('5-level paging', () => {
  const five = (at: bigint): Setting => ({ fiveLevel: true, at });
  it.each([
    ['bit 47', 1n << 47n],
    ['bits 55:48', 0x00ab_4000_0000_1000n],
    ['the last page of the lower half', 0x00ff_ffff_ffff_f000n],
    ['the first page of the upper half', 0xff00_0000_0000_0000n],
  ])('reads through an address with %s', async (_name, at) => {
    expect(await outcome(read(at), five(at))).toBe(found);
  });

  it.each([
    ['read', read],
    ['branch', jump],
  ])('refuses a %s beyond 57 bits', async (_name, code) => {
    expect(await outcome(code(1n << 56n), five(1n << 47n))).toBe('13(0)');
  });

  it('refuses 48 bits and more in 4-level paging', async () => {
    expect(await outcome(read(1n << 47n))).toBe('13(0)');
    expect(await outcome(jump(1n << 47n))).toBe('13(0)');
  });

  it('goes on over the border that 4-level paging has', async () => {
    const { machine } = await prepare('', five(1n << 47n));
    expect(machine.explainTranslation(linear((1n << 47n) + 8n))).toMatchObject({
      mode: '5-level',
      outcome: { ok: true, physical: PAGE + 8n },
    });
    const { entries } = machine.explainTranslation(linear(1n << 47n));
    expect(entries.map(({ name }) => name)).toEqual(['PML5E', 'PML4E', 'PDPTE', 'PDE', 'PTE']);
    expect(machine.translate(linear(1n << 47n))).toEqual({ ok: true, physical: Number(PAGE) });
  });

  it('sets the accessed bit of the PML5E, and refuses PS in it', async () => {
    const { machine } = await prepare(read(0x1000_0000n), { ...five(0x1000_0000n) });
    runToEnd(machine);
    expect(physical64(machine, PML5) & 0x20n).toBe(0x20n);
    put64(machine, PML5 + 8n, physical64(machine, PML5) | PS);
    expect(machine.explainTranslation(linear(1n << 48n)).outcome).toMatchObject({ errorCode: 9, refusedBy: 'PML5E' });
    const other = await prepare(read(1n << 48n), five(0x1000_0000n));
    put64(other.machine, PML5 + 8n, physical64(other.machine, PML5) | PS);
    expect(runToEnd(other.machine)).toMatchObject({ kind: 'exception', event: { vector: 14, errorCode: 9 } });
  });
});

describe('linear-address masking', () => {
  const AT = 0x7000_0000_1000n;
  const UPPER = negative(-0x7000_0000_1000n) & ~0xfffn;
  const tag57 = 0x7en << 56n;
  const tag48 = 0x7fffn << 48n;
  it.each([
    ['a user pointer, off', read(AT | tag57), { at: AT }, '13(0)'],
    ['LAM_U57', read(AT | tag57), { at: AT, cr3: LAM_U57 }, found],
    ['LAM_U57, bit 56', read(AT | (1n << 56n)), { at: AT, cr3: LAM_U57 }, '13(0)'],
    ['LAM_U57, bit 48', read(AT | (1n << 48n)), { at: AT, cr3: LAM_U57 }, '13(0)'],
    ['LAM_U48', read(AT | tag48), { at: AT, cr3: LAM_U48 }, found],
    ['LAM_U48, bit 47', read(AT | (1n << 47n)), { at: AT, cr3: LAM_U48 }, '13(0)'],
    ['both: LAM_U57 counts', read(AT | tag48), { at: AT, cr3: LAM_U57 | LAM_U48 }, '13(0)'],
    ['LAM_U48 in 5-level paging', read(AT | tag48), { at: AT, cr3: LAM_U48, fiveLevel: true }, found],
    ['a supervisor pointer, off', read(UPPER ^ tag48), { at: UPPER, cr3: LAM_U48 }, '13(0)'],
    ['LAM_SUP', read(UPPER ^ tag48), { at: UPPER, cr4: LAM_SUP }, found],
    ['LAM_SUP, a user pointer', read(AT | tag48), { at: AT, cr4: LAM_SUP }, '13(0)'],
    ['LAM_SUP, bit 47', read(UPPER ^ (1n << 47n)), { at: UPPER, cr4: LAM_SUP }, '13(0)'],
    ['a branch', jump(AT | tag57), { at: AT, cr3: LAM_U57 }, '13(0)'],
    ['CR2 has no metadata', read(AT | tag57), { cr3: LAM_U57 }, '14(0) at 0x700000001000'],
    [
      'a write',
      `${read(AT)}\n btsq $60, %rax\n notq (%rax)\n notq (%rax)\n movq (%rax), %rbx`,
      { at: AT, cr3: LAM_U57 },
      found,
    ],
    ['the stack', `movabsq $${AT | tag57}, %rsp\n popq %rbx`, { at: AT, cr3: LAM_U57 }, found],
  ] as const)('%s', async (_name, code, setting: Setting, expected) => {
    expect(await outcome(code, setting)).toBe(expected);
  });

  it('is explained', async () => {
    const { machine } = await prepare('', { at: AT, cr3: LAM_U57 });
    const { masked, outcome: end } = machine.explainTranslation(linear(AT | tag57));
    expect(masked).toBe(AT);
    expect(end).toMatchObject({ ok: true, physical: PAGE });
    expect(machine.explainTranslation(linear(AT | tag57), { kind: 'fetch' }).outcome).toMatchObject({ vector: 13 });
  });
});

describe('protection keys of supervisor pages', () => {
  const AT = 0x7000_0000n;
  const PKS = 1n << 24n;
  const pkrs = (value: number) => `movl $0x6e1, %ecx\n movl $${value}, %eax\n xorl %edx, %edx\n wrmsr`;
  const write = `movabsq $${AT}, %rax\n movq %rax, (%rax)\n xorl %ebx, %ebx`;
  const noWp = 'movq %cr0, %rdx\n btrq $16, %rdx\n movq %rdx, %cr0';
  const page = { at: AT, flags: P | RW | key(3n), cr4: PKS } as const;
  it.each([
    ['no rights taken', `${pkrs(0)}\n ${read(AT)}`, page, found],
    ['AD of another key', `${pkrs(0x10)}\n ${read(AT)}`, page, found],
    ['AD', `${pkrs(0x40)}\n ${read(AT)}`, page, '14(33) at 0x70000000'],
    ['AD, write', `${pkrs(0x40)}\n ${write}`, page, '14(35) at 0x70000000'],
    ['WD, read', `${pkrs(0x80)}\n ${read(AT)}`, page, found],
    ['WD, write', `${pkrs(0x80)}\n ${write}`, page, '14(35) at 0x70000000'],
    ['WD, write, CR0.WP clear', `${pkrs(0x80)}\n ${noWp}\n ${write}`, page, '0x0'],
    ['AD, CR4.PKS clear', `${pkrs(0x40)}\n ${read(AT)}`, { ...page, cr4: 0n }, found],
    ['AD, a user page', `${pkrs(0x40)}\n ${read(AT)}`, { ...page, flags: P | US | key(3n) }, found],
    ['AD taken back', `${read(AT)}\n ${pkrs(0x40)}\n ${pkrs(0)}\n ${read(AT)}`, page, found],
    ['AD after the page was used', `${read(AT)}\n ${pkrs(0x40)}\n ${read(AT)}`, page, '14(33) at 0x70000000'],
    [
      'AD of a read-only page, write',
      `${pkrs(0x40)}\n ${write}`,
      { ...page, flags: P | key(3n) },
      '14(35) at 0x70000000',
    ],
  ] as const)('%s', async (_name, code, setting: Setting, expected) => {
    expect(await outcome(code, setting)).toBe(expected);
  });
});

describe('memory types', () => {
  const AT = 0x7000_0000n;
  const MTRR_ON = 0xc00n;
  const typeOf = async (flags: bigint, registers: Record<string, bigint>, physical = PAGE) => {
    const { machine, tables } = await prepare(read(AT), { at: AT });
    tables.map(AT, physical, P | RW | flags);
    for (const [name, value] of Object.entries(registers)) machine.writeRegister(name, value);
    const explained = machine.explainTranslation(linear(AT)).memoryType!.type;
    machine.run(2);
    expect(machine.accessedMemoryType(linear(AT))).toBe(explained);
    return explained;
  };
  /** IA32_PAT entry 0 is the type, and the default type of the MTRRs. */
  const both = (pat: bigint, mtrr: bigint) => ({ pat, mtrr_def_type: 0x800n | mtrr, mtrr_physmask0: 0n });
  const [UC, WC, WT, WP, WB, UCM] = [0n, 1n, 4n, 5n, 6n, 7n] as const;

  it.each([
    // PAT:        UC    UC−   WC    WT    WB    WP   (SDM Vol. 3A Table 11-7)
    ['UC', UC, ['UC', 'UC', 'WC', 'UC', 'UC', 'UC']],
    ['WC', WC, ['UC', 'WC', 'WC', 'UC', 'WC', 'UC']],
    ['WT', WT, ['UC', 'UC', 'WC', 'WT', 'WT', 'WP']],
    ['WB', WB, ['UC', 'UC', 'WC', 'WT', 'WB', 'WP']],
    ['WP', WP, ['UC', 'WC', 'WC', 'WT', 'WP', 'WP']],
  ] as const)('of MTRR type %s follow the table', async (_name, mtrr, row) => {
    const types = [];
    for (const pat of [UC, UCM, WC, WT, WB, WP]) types.push(await typeOf(0n, both(pat, mtrr)));
    expect(types).toEqual(row);
  });

  it('take the PAT entry that PAT, PCD and PWT name', async () => {
    const registers = { ...both(0n, WB), pat: 0x0104_0506_0001_0405n };
    const types = [];
    for (const flags of [0n, 8n, 0x10n, 0x18n, 0x80n, 0x88n, 0x90n, 0x98n]) types.push(await typeOf(flags, registers));
    expect(types).toEqual(['WP', 'WT', 'WC', 'UC', 'WB', 'WP', 'WT', 'WC']);
  });

  it('follow the MTRRs: fixed below 1 MiB, then variable, then the default', async () => {
    const ranges = {
      pat: WB,
      mtrr_def_type: MTRR_ON | WT,
      mtrr_fix16k_a0000: 0x0100_0000_0000_0005n,
      mtrr_physbase0: 0x20_0000n | WB,
      mtrr_physmask0: 0x7f_ffe0_0800n,
      mtrr_physbase1: 0x20_0000n | WT,
      mtrr_physmask1: 0x7f_fff0_0800n,
      mtrr_physbase2: 0x3f_f000n | UC,
      mtrr_physmask2: 0x7f_ffff_f800n,
      mtrr_physbase3: 0x40_0000n,
      mtrr_physmask3: 0n,
    };
    const at = (physical: bigint) => typeOf(0n, ranges, physical);
    expect(await at(0xa_0000n)).toBe('WP');
    expect(await at(0xa_4000n)).toBe('UC');
    expect(await at(0xb_c000n)).toBe('WC');
    expect(await at(0x10_0000n)).toBe('WT');
    // WT wins over WB, UC over all.
    expect(await at(0x20_f000n)).toBe('WT');
    expect(await at(0x30_0000n)).toBe('WB');
    expect(await at(0x3f_f000n)).toBe('UC');
  });

  it('are UC with the MTRRs off, and with CR0.CD', async () => {
    expect(await typeOf(0n, { ...both(WB, WB), mtrr_def_type: 0n })).toBe('UC');
    expect(await typeOf(0n, { ...both(WB, WB), cr0: 0xc001_0033n })).toBe('UC');
  });

  it('are what firmware leaves: WB, and UC for video and devices', async () => {
    expect(await typeOf(0n, {})).toBe('WB');
    expect(await typeOf(0n, {}, 0xb_8000n)).toBe('UC');
    expect(await typeOf(0n, {}, 0xfee0_0000n)).toBe('UC');
  });
});

describe('a held structure entry', () => {
  it('is told by the explainer', async () => {
    const AT = 0x7000_0000n;
    const { machine, tables } = await prepare(read(AT), { at: AT });
    tables.map(AT + 0x1000n, PAGE, P | RW);
    machine.run(2);
    expect(machine.explainTranslation(linear(AT + 0x1000n))).toMatchObject({
      structure: { name: 'PDE', stale: false },
    });
    put64(machine, tables.entry(AT, 2), 0n);
    const { structure, outcome: tablesSay, now } = machine.explainTranslation(linear(AT + 0x1000n));
    expect(structure).toMatchObject({ name: 'PDE', stale: true });
    expect(tablesSay).toMatchObject({ ok: false, refusedBy: 'PDE', bit: 'P' });
    expect(now).toMatchObject({ ok: true, physical: PAGE });
  });
});
