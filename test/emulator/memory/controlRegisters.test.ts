/** What CR0, CR3, CR4, EFER and the MSRs of paging and memory types take, in each mode (SDM Vol. 3A §2.5, §4.10.1, §11.11). */
import { describe, expect, it } from 'vitest';
import { hostPhysical } from '../../../emulator/addresses.ts';
import type { MachineConfiguration } from '../../../emulator/api.ts';
import { loadGuest } from '../../../emulator/loaders/load.ts';
import { Machine } from '../../../emulator/machine.ts';
import { assembleText, rip, runToEnd } from '../guest.ts';
import { put64 } from '../tables.ts';

type Features = NonNullable<MachineConfiguration['features']>;
interface Setting {
  readonly start?: 'long64' | 'protected32';
  readonly cpu?: string;
  readonly features?: Features;
  readonly before?: (machine: Machine) => void;
}

/** Runs the code, then ends. The vector and error code of what it raised, or undefined. */
async function run(code: string, setting: Setting = {}): Promise<{ machine: Machine; raised: string | undefined }> {
  const { start = 'long64', cpu = 'tigerlake', features = {}, before } = setting;
  const image = await assembleText(`_start:\n${code}\n outl %eax, $0xf4`, start);
  const machine = Machine.create({ cpu, features, memoryBytes: 4 << 20 });
  loadGuest(machine, image, start);
  before?.(machine);
  machine.setExceptionStops(-1);
  const exit = runToEnd(machine);
  if (exit.kind === 'exception') return { machine, raised: `${exit.event.vector}(${exit.event.errorCode})` };
  expect(exit.kind).toBe('debugExit');
  return { machine, raised: undefined };
}

const GP = '13(0)';
const UD = '6(undefined)';
const set = (register: string, bits: bigint, clear = 0n) => `movq %${register}, %rax
  movq $${clear}, %rdx
  notq %rdx
  andq %rdx, %rax
  movq $${bits}, %rdx
  orq %rdx, %rax
  movq %rax, %${register}`;
const set32 = (register: string, bits: bigint, clear = 0n) => `movl %${register}, %eax
  andl $${~clear & 0xffff_ffffn}, %eax
  orl $${bits}, %eax
  movl %eax, %${register}`;
const msr = (index: number, value: bigint) => `movl $${index}, %ecx
  movl $${value & 0xffff_ffffn}, %eax
  movl $${value >> 32n}, %edx
  wrmsr`;

type Row = readonly [name: string, code: string, raised: string | undefined, setting?: Setting];
const check = (rows: readonly Row[]) =>
  it.each(
    rows.map(([name, code, raised, setting]) => [`${name}: ${raised ?? 'taken'}`, code, raised, setting] as const),
  )('%s', async (_name, code, raised, setting) => {
    expect((await run(code, setting)).raised).toBe(raised);
  });

const LEGACY = { start: 'protected32' } as const;
const SPR = { cpu: 'sapphirerapids' } as const;

describe('CR0', () => {
  check([
    ['bit 32', set('cr0', 1n << 32n), GP],
    ['NW without CD', set('cr0', 1n << 29n), GP],
    ['NW and CD', set('cr0', 3n << 29n), undefined],
    ['PG without PE', set('cr0', 0n, 1n), GP],
    ['PG cleared in 64-bit code', set('cr0', 0n, 1n << 31n), GP],
    ['WP cleared', set('cr0', 0n, 1n << 16n), undefined],
    ['WP cleared while CR4.CET is set', `${set('cr4', 1n << 23n)}\n ${set('cr0', 0n, 1n << 16n)}`, GP],
    ['a reserved bit', set('cr0', 1n << 20n), undefined],
    ['LME and PG without PAE', `${msr(0xc0000080, 0x100n)}\n ${set32('cr0', 1n << 31n)}`, GP, LEGACY],
    [
      'LME and PG with a 16-bit TSS',
      `${set32('cr4', 0x20n)}\n ${msr(0xc0000080, 0x100n)}\n ${set32('cr0', 1n << 31n)}`,
      GP,
      { ...LEGACY, before: (machine) => machine.writeRegister('tr.attributes', 0x83n) },
    ],
    [
      'LME and PG with CS.L',
      `${set32('cr4', 0x20n)}\n ${msr(0xc0000080, 0x100n)}\n ${set32('cr0', 1n << 31n)}`,
      GP,
      { ...LEGACY, before: (machine) => machine.writeRegister('cs.attributes', 0xe09bn) },
    ],
  ]);

  it('keeps ET and ignores bits that do not exist', async () => {
    const { machine } = await run(set('cr0', 1n << 20n, 0x10n));
    expect(machine.readRegister('cr0')).toBe(0x8001_0033n);
  });
});

describe('CR3', () => {
  const load = (value: bigint) => `movq %cr3, %rax\n movq $${value}, %rdx\n orq %rdx, %rax\n movq %rax, %cr3`;
  check([
    ['a bit at MAXPHYADDR', load(1n << 39n), GP],
    ['a bit at MAXPHYADDR of another profile', load(1n << 46n), GP, SPR],
    ['a bit below MAXPHYADDR of another profile', load(0x18n), undefined, SPR],
    ['PWT and PCD', load(0x18n), undefined],
    ['bit 63 without PCIDs', load(1n << 63n), GP],
    ['bit 63 with PCIDs', `${set('cr4', 1n << 17n)}\n ${load(1n << 63n)}`, undefined],
    ['bit 62 with PCIDs', `${set('cr4', 1n << 17n)}\n ${load(1n << 62n)}`, GP],
    ['LAM_U57 without LAM', load(1n << 61n), GP],
    ['LAM_U57 with LAM', load(1n << 61n), undefined, { features: { lam: true } }],
    ['LAM_U48 with LAM', load(1n << 62n), undefined, { features: { lam: true } }],
    ['bit 60 with LAM', load(1n << 60n), GP, { features: { lam: true } }],
  ]);

  it('does not keep bit 63', async () => {
    const { machine } = await run(`${set('cr4', 1n << 17n)}\n ${load((1n << 63n) | 5n)}`);
    expect(machine.readRegister('cr3') & ((1n << 63n) | 0xfffn)).toBe(5n);
  });
});

describe('CR4', () => {
  const bit = (n: number) => set('cr4', 1n << BigInt(n));
  check([
    ...[15, 19, 25, 26, 29, 31, 32].map((n): Row => [`bit ${n}`, bit(n), GP]),
    ['PAE cleared in IA-32e mode', set('cr4', 0n, 0x20n), GP],
    ['LA57 without the feature', set32('cr4', 1n << 12n), GP, LEGACY],
    ['LA57 outside IA-32e mode', set32('cr4', 1n << 12n), undefined, { ...LEGACY, ...SPR }],
    ['LA57 in IA-32e mode', bit(12), GP, SPR],
    ['PCIDE', bit(17), undefined],
    ['PCIDE without the feature', bit(17), GP, { features: { pcid: false } }],
    ['PCIDE outside IA-32e mode', set32('cr4', 1n << 17n), GP, LEGACY],
    ['PCIDE with CR3[11:0] not 0', `movq %cr3, %rax\n orq $8, %rax\n movq %rax, %cr3\n ${bit(17)}`, GP],
    [
      'PCIDE again with CR3[11:0] not 0',
      `${bit(17)}\n movq %cr3, %rax\n orq $8, %rax\n movq %rax, %cr3\n ${bit(17)}`,
      undefined,
    ],
    ['SMEP', bit(20), undefined],
    ['SMEP without the feature', bit(20), GP, { features: { smep: false } }],
    ['SMAP', bit(21), undefined],
    ['PKE', bit(22), undefined],
    ['PKE without the feature', bit(22), GP, { features: { pku: false } }],
    ['CET', bit(23), undefined],
    ['CET without WP', `${set('cr0', 0n, 1n << 16n)}\n ${bit(23)}`, GP],
    ['PKS without the feature', bit(24), GP],
    ['PKS', bit(24), undefined, SPR],
    ['LAM_SUP without the feature', bit(28), GP, SPR],
    ['LAM_SUP', bit(28), undefined, { features: { lam: true } }],
    ['UMIP', bit(11), undefined],
  ]);
});

describe('EFER', () => {
  const efer = (value: bigint) => msr(0xc0000080, value);
  check([
    ['LME cleared while paging is on', efer(0xc01n), GP],
    ['a reserved bit', efer(0xd03n), GP],
    ['bit 32', efer(0x1_0000_0d01n), GP],
    ['LMA cleared: ignored', efer(0x901n), undefined],
    ['NXE', efer(0xd01n), undefined],
    ['NXE without the feature', efer(0xd01n), GP, { features: { nx: false } }],
  ]);
});

describe('INVPCID', () => {
  const invpcid = (type: number, low: bigint, high = 0n) =>
    `movabsq $${low}, %rax\n movq %rax, -16(%rsp)\n movabsq $${high}, %rax\n movq %rax, -8(%rsp)
     movq $${type}, %rcx\n invpcid -16(%rsp), %rcx`;
  const pcids = set('cr4', 1n << 17n);
  check([
    ['type 0', invpcid(0, 0n), undefined],
    ['type 1', invpcid(1, 0n), undefined],
    ['type 2', invpcid(2, 0n), undefined],
    ['type 3', invpcid(3, 0n), undefined],
    ['type 4', invpcid(4, 0n), GP],
    ['type with bit 32', `${invpcid(0, 0n)}\n btsq $32, %rcx\n invpcid -16(%rsp), %rcx`, GP],
    ['a PCID without PCIDs, type 0', invpcid(0, 1n), GP],
    ['a PCID without PCIDs, type 1', invpcid(1, 1n), GP],
    ['a PCID without PCIDs, type 2', invpcid(2, 1n), undefined],
    ['a PCID', `${pcids}\n ${invpcid(1, 0xfffn)}`, undefined],
    ['bit 12 of the descriptor', `${pcids}\n ${invpcid(2, 0x1000n)}`, GP],
    ['bit 63 of the descriptor', `${pcids}\n ${invpcid(3, 1n << 63n)}`, GP],
    ['an address that is not canonical, type 0', invpcid(0, 0n, 1n << 47n), GP],
    ['an address that is not canonical, type 1', invpcid(1, 0n, 1n << 47n), undefined],
    ['an address of 57 bits where the processor has them', invpcid(0, 0n, 1n << 47n), undefined, SPR],
    [
      'a descriptor that is not mapped',
      'xorl %ecx, %ecx\n movabsq $0x8000000000, %rax\n invpcid (%rax), %rcx',
      '14(0)',
    ],
    ['without the feature', invpcid(0, 0n), UD, { features: { invpcid: false } }],
  ]);
});

describe('MSRs of keys and memory types', () => {
  check([
    ['PKRS without PKS', msr(0x6e1, 0n), GP],
    ['PKRS', msr(0x6e1, 0xffff_ffffn), undefined, SPR],
    ['PKRS above bit 31', msr(0x6e1, 1n << 32n), GP, SPR],
    ['PAT', msr(0x277, 0x0706_0504_0100_0706n), undefined],
    ['PAT with type 2', msr(0x277, 0x0706_0504_0200_0706n), GP],
    ['PAT with type 8', msr(0x277, 0x0806_0504_0100_0706n), GP],
    ['MTRRCAP', msr(0xfe, 0n), GP],
    ['MTRR_DEF_TYPE', msr(0x2ff, 0xc06n), undefined],
    ['MTRR_DEF_TYPE of UC−', msr(0x2ff, 0xc07n), GP],
    ['MTRR_DEF_TYPE with bit 8', msr(0x2ff, 0xd06n), GP],
    ['MTRR_PHYSBASE0', msr(0x200, 0x7f_ffff_f006n), undefined],
    ['MTRR_PHYSBASE0 with bit 8', msr(0x200, 0x106n), GP],
    ['MTRR_PHYSBASE0 above MAXPHYADDR', msr(0x200, (1n << 39n) | 6n), GP],
    ['MTRR_PHYSBASE0 of type 3', msr(0x200, 3n), GP],
    ['MTRR_PHYSMASK9', msr(0x213, 0x7f_ffff_f800n), undefined],
    ['MTRR_PHYSMASK9 with bit 10', msr(0x213, 0x400n), GP],
    ['MTRR_PHYSBASE10', msr(0x214, 6n), GP],
    ['MTRR_FIX4K_F8000', msr(0x26f, 0x0605_0401_0006_0606n), undefined],
    ['MTRR_FIX4K_F8000 of type 7', msr(0x26f, 0x0605_0401_0706_0606n), GP],
    ['an MTRR without the feature', msr(0x2ff, 0xc06n), GP, { features: { mtrr: false } }],
    ['a base of 57 bits', msr(0xc0000102, 1n << 47n), GP],
    ['a base of 57 bits where the processor has them', msr(0xc0000102, 1n << 47n), undefined, SPR],
    ['a base of 58 bits', msr(0xc0000102, 1n << 56n), GP, SPR],
  ]);
});

describe('features', () => {
  const leaf = async (eax: number, ecx: number, setting: Setting) => {
    const { machine } = await run(`movl $${eax}, %eax\n movl $${ecx}, %ecx\n cpuid\n movl %eax, %esi`, setting);
    return machine;
  };
  it('are told by CPUID', async () => {
    const bit = async (register: string, n: number, eax: number, ecx: number, setting: Setting) =>
      ((await leaf(eax, ecx, setting)).readRegister(register) >> BigInt(n)) & 1n;
    expect(await bit('ecx', 16, 7, 0, SPR)).toBe(1n);
    expect(await bit('ecx', 16, 7, 0, {})).toBe(0n);
    expect(await bit('ecx', 31, 7, 0, SPR)).toBe(1n);
    expect(await bit('esi', 26, 7, 1, SPR)).toBe(0n);
    expect(await bit('esi', 26, 7, 1, { features: { lam: true } })).toBe(1n);
    expect((await leaf(0x80000008, 0, SPR)).readRegister('esi')).toBe(0x392en);
    expect((await leaf(0x80000008, 0, {})).readRegister('esi')).toBe(0x3027n);
  });
});

describe('legacy paging', () => {
  const ROOT = 0x20_0000n;
  const paged = (cr4: bigint, body: string) => `
    movl $${ROOT}, %eax
    movl %eax, %cr3
    ${set32('cr4', cr4)}
    ${set32('cr0', 1n << 31n)}
    ${body}`;
  /** Two 4-MiB pages: the first to itself, the one at 400000h to `frame`. */
  const large = (frame: bigint) => (machine: Machine) => {
    put64(machine, ROOT, 0x87n | ((frame | 0x87n) << 32n));
    machine.writePhysical(hostPhysical(0x30_0000), Uint8Array.of(1));
    machine.writePhysical(hostPhysical(0x10_0000 + 0x8000), Uint8Array.of(2));
  };
  const change = 'movl 0x700000, %esi\n movl $0, 0x200004';

  it.each([
    ['stays', '', '1'],
    ['goes by INVLPG of its other half', 'invlpg 0x400000', '14(0)'],
    ['stays with INVLPG of the next page', 'invlpg 0x800000', '1'],
    ['goes when paging goes off', `${set32('cr0', 0n, 1n << 31n)}\n ${set32('cr0', 1n << 31n)}`, '14(0)'],
    ['goes by MOV to CR3', 'movl %cr3, %eax\n movl %eax, %cr3', '14(0)'],
    ['stays when CR0.WP changes', set32('cr0', 1n << 16n), '1'],
  ])('a 4-MiB translation %s', async (_name, between, seen) => {
    const { machine, raised } = await run(paged(0x10n, `${change}\n ${between}\n movl 0x700000, %edi`), {
      ...LEGACY,
      before: large(0n),
    });
    expect(raised ?? machine.readRegister('edi').toString()).toBe(seen);
  });

  it.each([
    ['with PSE-36', {}, undefined],
    ['without', { pse36: false }, '14(9)'],
  ] as const)('a 4-MiB page above 4 GiB %s', async (_name, features, raised) => {
    const result = await run(paged(0x10n, 'movl 0x400000, %edi'), {
      ...LEGACY,
      features,
      before: large(1n << 13n),
    });
    expect(result.raised).toBe(raised);
    // Nothing answers there.
    if (!raised) expect(result.machine.readRegister('edi')).toBe(0xffff_ffffn);
  });

  it('a #GP of MOV to CR0 leaves everything as it was', async () => {
    const { machine, raised } = await run(`${set32('cr4', 0x20n)}\n ${paged(0x20n, '')}`, {
      ...LEGACY,
      before: (m) => put64(m, ROOT, 0x3n),
    });
    expect(raised).toBe(GP);
    expect(machine.readRegister('cr0') >> 31n).toBe(0n);
    expect(rip(machine)).toBeGreaterThan(0x10_0000n);
  });
});
