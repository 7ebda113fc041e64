import { describe, expect, it } from 'vitest';
import { readLaunchArguments } from '../../../adapter/session/launchArguments.ts';
import { readCpuidOptions, readMsrOptions } from '../../../adapter/session/processorOverrides.ts';
import type { MachineConfiguration } from '../../../emulator/api.ts';
import { Processor } from '../../../emulator/cpu/profiles/profiles.ts';
import { loadGuest } from '../../../emulator/loaders/load.ts';
import { Machine } from '../../../emulator/machine.ts';
import { assembleText, runToEnd } from '../guest.ts';

const EXIT = '; mov $0, %eax; out %al, $0xf4';

async function run(source: string, configuration: Partial<MachineConfiguration> = {}): Promise<Machine> {
  const machine = Machine.create({ cpu: 'tigerlake', memoryBytes: 4 << 20, ...configuration });
  loadGuest(machine, await assembleText(source + EXIT), 'long64');
  machine.setExceptionStops(-1);
  runToEnd(machine);
  return machine;
}
const create = (overrides: Parameters<typeof Processor.create>[2]) => () =>
  Processor.create('tigerlake', {}, overrides);

describe('raw CPUID bits', () => {
  const ask = 'mov $7, %eax; xor %ecx, %ecx; cpuid; mov %ebx, %esi; mov $1, %eax; cpuid; mov %ecx, %edi';

  it('are set and cleared, and what they stand for follows', async () => {
    const machine = await run(ask, { cpuid: { '7.0.ebx': { set: '0x10', clear: 1 << 3 }, '1.ecx': { set: 2 ** 31 } } });
    expect(machine.readRegister('esi') & 0x18n).toBe(0x10n);
    expect(machine.readRegister('edi') >> 31n).toBe(1n);
    expect(Processor.create('tigerlake', {}, { cpuid: { '7.ebx': { clear: 8 } } }).feature('bmi1')).toBe(false);
    // Without BMI1, the bytes of TZCNT are BSF, which leaves its destination when the source is zero.
    const bsf = await run('mov $5, %ecx; xor %eax, %eax; tzcnt %eax, %ecx', { cpuid: { '7.0.ebx': { clear: 8 } } });
    expect(bsf.readRegister('ecx')).toBe(5n);
  });

  it('are refused in one sentence', () => {
    expect(create({ cpuid: { ebx: { set: 1 } } })).toThrow('cpuid.ebx: a leaf, a subleaf and a register');
    expect(create({ cpuid: { '7.0.ebx': { set: '4g' } } })).toThrow(
      'cpuid.7.0.ebx.set is "4g"; a mask of 32 bits is expected.',
    );
    expect(create({ cpuid: { '7.0.ebx': { set: 2 ** 32 } } })).toThrow('a mask of 32 bits is expected.');
    expect(create({ cpuid: { '7.0.ebx': { set: 3, clear: 2 } } })).toThrow('the same bit is in "set" and in "clear".');
    expect(create({ cpuid: { '7.0.ebx': { flip: 1 } as never } })).toThrow('cpuid.7.0.ebx.flip: "set" or "clear"');
  });

  it('of the address sizes change what is reserved', async () => {
    const cpuid = { '0x80000008.eax': { set: 0x24, clear: 0xdb } };
    const mask =
      'mov $0x80000008, %eax; cpuid; mov %eax, %esi; mov $0x201, %ecx; xor %eax, %eax; mov $0x10, %edx; wrmsr';
    const wide = await run(mask);
    expect([wide.readRegister('esi') & 0xffn, wide.exceptions.size]).toEqual([39n, 0]);
    const narrow = Machine.create({ cpu: 'tigerlake', memoryBytes: 4 << 20, cpuid });
    loadGuest(narrow, await assembleText(mask), 'long64');
    narrow.setExceptionStops(-1);
    expect(narrow.run(100)).toMatchObject({ kind: 'exception', event: { vector: 13 } });
    expect(narrow.readRegister('esi') & 0xffn).toBe(36n);
    expect(create({ cpuid: { '0x80000008.eax': { set: 0xff } } })).toThrow(
      'cpuid.0x80000008.eax: physical addresses of 255 bits cannot be had; 32 to 52 are expected.',
    );
  });

  it('come from the command line', () => {
    expect(readCpuidOptions(['7.0.ebx=+0x10-8', '1.ecx=-1'])).toEqual({
      '7.0.ebx': { set: '0x10', clear: '8' },
      '1.ecx': { clear: '1' },
    });
    expect(() => readCpuidOptions(['7.0.ebx'])).toThrow('--cpuid is 7.0.ebx; ');
    expect(readMsrOptions(['0x3a=0x5'])).toEqual({ '0x3a': '0x5' });
    expect(() => readMsrOptions(['0x3a'])).toThrow('--msr is 0x3a; NUMBER=VALUE is expected.');
  });
});

describe('MSRs after reset', () => {
  it('are what the configuration says', async () => {
    const read = 'mov $0x3a, %ecx; rdmsr; mov %eax, %esi; mov $0x48, %ecx; rdmsr; mov %eax, %edi';
    const machine = await run(read, { msrs: { '0x3a': 5, '0x48': '0x4' } });
    expect(machine.readRegister('esi')).toBe(5n);
    expect(machine.readRegister('edi')).toBe(4n);
  });

  it('are refused in one sentence', () => {
    expect(create({ msrs: { '0x48': 8 } })).toThrow('msrs.0x48 is 0x8, which IA32_SPEC_CTRL cannot hold.');
    expect(create({ msrs: { '0x12345': 8 } })).toThrow('msrs.0x12345: the processor has no such MSR.');
    expect(create({ msrs: { spec: 8 } })).toThrow('msrs.spec: the number of an MSR');
    expect(create({ msrs: { '0x48': '0x1ffffffffffffffff' } })).toThrow('a value of 64 bits is expected.');
    expect(create({ msrs: { '0x49': 1 } })).toThrow('msrs.0x49: IA32_PRED_CMD has no value at reset.');
  });
});

describe('launch arguments', () => {
  it('take overrides and a seed, and refuse other shapes', () => {
    const launch = readLaunchArguments({
      program: 'a.s',
      cpuid: { '1.ecx': { set: 1 } },
      msrs: { '0x3a': 1 },
      seed: 7,
    });
    expect(launch).toMatchObject({ cpuid: { '1.ecx': { set: 1 } }, msrs: { '0x3a': 1 }, seed: 7 });
    expect(() => readLaunchArguments({ program: 'a.s', cpuid: 5 })).toThrow('cpuid is 5; an object such as');
    expect(() => readLaunchArguments({ program: 'a.s', msrs: { a: {} } })).toThrow('an object such as { "0x3a": 5 }');
    expect(() => readLaunchArguments({ program: 'a.s', seed: -1 })).toThrow('seed is -1; a whole number');
  });
});

describe('RDRAND and RDSEED', () => {
  const draw = 'rdrand %rax; setc %bl; rdseed %rcx; rdrand %dx; mov %rax, %rsi';

  it('repeat with their seed, differ between seeds, and go back with a snapshot', async () => {
    const values = async (seed?: number) => {
      const machine = await run(draw, seed === undefined ? {} : { seed });
      expect(machine.readRegister('bl')).toBe(1n);
      return [machine.readRegister('rsi'), machine.readRegister('rcx')];
    };
    expect(await values(1)).toEqual(await values(1));
    expect(await values(0)).toEqual(await values());
    expect(await values(1)).not.toEqual(await values(2));
    const machine = Machine.create({ cpu: 'tigerlake', memoryBytes: 4 << 20 });
    loadGuest(machine, await assembleText(`rdrand %rax; rdrand %rbx${EXIT}`), 'long64');
    machine.run(1);
    const snapshot = machine.snapshot();
    machine.run(1);
    const second = machine.readRegister('rbx');
    machine.restore(snapshot);
    machine.run(1);
    expect(machine.readRegister('rbx')).toBe(second);
    expect(machine.readRegister('rax')).not.toBe(second);
  });

  it('set CF and clear the other arithmetic flags', async () => {
    const machine = await run('mov $0x80, %al; sub $1, %al; rdrand %rcx; pushfq; pop %rbx');
    expect(machine.readRegister('rbx') & 0x8d5n).toBe(1n);
  });
});

describe('MSRs of the platform', () => {
  const attempt = async (source: string) => {
    const machine = Machine.create({ cpu: 'tigerlake', memoryBytes: 4 << 20 });
    loadGuest(machine, await assembleText(source + EXIT), 'long64');
    machine.setExceptionStops(-1);
    const exit = runToEnd(machine);
    return exit.kind === 'exception' ? exit.event.vector : machine.readRegister('rsi');
  };
  const write = (index: number, low: number, high: number) =>
    `mov $${index}, %ecx; mov $${low >>> 0}, %eax; mov $${high >>> 0}, %edx; wrmsr; rdmsr; shl $32, %rdx; or %rdx, %rax; mov %rax, %rsi`;

  it.each([
    ['MISC_ENABLE keeps its read-only bits', 0x1a0, 0x00c51809 & ~0x1880, 4, 0x4_00c5_1809n],
    ['MISC_ENABLE refuses reserved bits', 0x1a0, 2, 0, 13],
    ['MC0_CTL takes all ones', 0x400, -1, -1, 0xffff_ffff_ffff_ffffn],
    ['MC0_CTL takes nothing between', 0x400, 1, 0, 13],
    ['MC0_STATUS is only cleared', 0x401, 1, 0, 13],
    ['MC9_MISC takes anything', 0x427, 5, 6, 0x6_0000_0005n],
    ['a bank that is not there', 0x428, 0, 0, 13],
    ['SPEC_CTRL takes what is enumerated', 0x48, 7, 0, 7n],
    ['SPEC_CTRL refuses the rest', 0x48, 8, 0, 13],
    ['PRED_CMD cannot be read', 0x49, 1, 0, 13],
    ['FLUSH_CMD refuses reserved bits', 0x10b, 2, 0, 13],
    ['ARCH_CAPABILITIES is read-only', 0x10a, 0, 0, 13],
    ['PLATFORM_INFO is read-only', 0xce, 0, 0, 13],
  ] as const)('%s', async (_what, index, low, high, expected) => {
    expect(await attempt(write(index, low, high))).toBe(expected);
  });

  it('takes a command', async () => {
    expect(await attempt('mov $0x49, %ecx; mov $1, %eax; xor %edx, %edx; wrmsr; mov $1, %esi')).toBe(1n);
  });

  it('limits CPUID, hides NX and faults CPUID in ring 3 as it is told', async () => {
    const limited = await attempt(
      'mov $0x1a0, %ecx; rdmsr; bts $22, %eax; bts $2, %edx; wrmsr; xor %eax, %eax; cpuid; mov %eax, %esi; mov $0x80000001, %eax; cpuid; shr $20, %edx; and $1, %edx; shl $8, %edx; or %edx, %esi',
    );
    expect(limited).toBe(2n);
    expect(
      await attempt('mov $0x140, %ecx; mov $1, %eax; xor %edx, %edx; wrmsr; xor %eax, %eax; cpuid; mov $3, %esi'),
    ).toBe(3n);
  });
});

describe('cache and direct-store instructions', () => {
  const attempt = async (source: string, registers: Record<string, bigint> = {}) => {
    const machine = Machine.create({ cpu: 'sapphirerapids', memoryBytes: 4 << 20 });
    loadGuest(
      machine,
      await assembleText(`here: ${source}${EXIT}\n .data\n .balign 64\n data: .fill 128, 1, 7`),
      'long64',
    );
    machine.setExceptionStops(-1);
    for (const [name, value] of Object.entries(registers)) machine.writeRegister(name, value);
    const exit = runToEnd(machine);
    return exit.kind === 'exception' ? [exit.event.vector, exit.event.errorCode, exit.event.cr2] : machine;
  };
  const ABSENT = 0x7fff_0000_0000n;

  it.each(['clflush', 'clflushopt', 'clwb'])('%s faults like a load of one byte', async (name) => {
    expect(await attempt(`${name} (%rbx)`, { rbx: ABSENT })).toEqual([14, 0, ABSENT]);
    expect(await attempt(`${name} (%rbx)`, { rbx: 1n << 63n })).toEqual([13, 0, undefined]);
    expect(await attempt(`${name} (%rsp)`, { rsp: 1n << 62n })).toEqual([12, 0, undefined]);
    expect(await attempt(`${name} data(%rip)`)).toBeInstanceOf(Machine);
  });

  it.each(['prefetcht0', 'prefetchw', 'prefetchnta'])('%s never faults', async (name) => {
    expect(await attempt(`${name} (%rbx)`, { rbx: ABSENT })).toBeInstanceOf(Machine);
    expect(await attempt(`${name} (%rbx)`, { rbx: 1n << 63n })).toBeInstanceOf(Machine);
  });

  it('MOVDIR64B moves a line to an aligned address and refuses another', async () => {
    const code = '.byte 0x66, 0x0f, 0x38, 0xf8, 0x03'; // movdir64b (%rbx), %rax
    const machine = await attempt(
      `lea data+3(%rip), %rbx; mov $0x200000, %eax; ${code}; mov 0x20003f, %cl; mov 0x200040, %dl`,
    );
    expect((machine as Machine).readRegister('cl')).toBe(7n);
    expect((machine as Machine).readRegister('dl')).toBe(0n);
    expect(await attempt(`lea data(%rip), %rbx; mov $0x200010, %eax; ${code}`)).toEqual([13, 0, undefined]);
    expect(await attempt(`lea data(%rip), %rbx; ${code}`, { rax: ABSENT })).toEqual([14, 2, ABSENT]);
    expect(await attempt(`mov $0x200000, %eax; ${code}`, { rbx: ABSENT })).toEqual([14, 0, ABSENT]);
  });

  it('TPAUSE ends, clears the flags and refuses reserved bits', async () => {
    const tpause = '.byte 0x66, 0x0f, 0xae, 0xf3'; // tpause %ebx
    const machine = await attempt(`stc; ${tpause}; setc %cl`, { rbx: 1n });
    expect((machine as Machine).readRegister('cl')).toBe(0n);
    expect(await attempt(tpause, { rbx: 2n })).toEqual([13, 0, undefined]);
  });
});

describe('MONITOR and MWAIT', () => {
  const attempt = async (source: string) => {
    const machine = Machine.create({ cpu: 'tigerlake', memoryBytes: 4 << 20 });
    loadGuest(machine, await assembleText(`${source}${EXIT}\n .data\n .balign 64\n line: .skip 64`), 'long64');
    machine.setExceptionStops(-1);
    const exit = runToEnd(machine);
    return exit.kind === 'exception' ? exit.event.vector : exit.kind;
  };
  const MONITOR = 'lea line(%rip), %rax; xor %ecx, %ecx; xor %edx, %edx; monitor';
  const MWAIT = 'xor %eax, %eax; xor %ecx, %ecx; mwait';

  it('wait for a store to the line, go on after one, and without a line', async () => {
    expect(await attempt(`${MONITOR}; ${MWAIT}`)).toBe('halted');
    expect(await attempt(`${MONITOR}; movb $1, line+63(%rip); ${MWAIT}`)).toBe('debugExit');
    expect(await attempt(`${MONITOR}; movb $1, line+64(%rip); ${MWAIT}`)).toBe('halted');
    expect(await attempt(MWAIT)).toBe('debugExit');
  });

  it('fault like a load, and for hints that do not exist', async () => {
    expect(await attempt('mov $0x7fff00000000, %rax; xor %ecx, %ecx; monitor')).toBe(14);
    expect(await attempt('mov $1, %ecx; monitor')).toBe(13);
    expect(await attempt('mov $2, %ecx; mwait')).toBe(13);
    expect(await attempt('mov $0x1a0, %ecx; rdmsr; btr $18, %eax; wrmsr; xor %ecx, %ecx; monitor')).toBe(6);
  });
});
