/**
 * CPUID feature bits by name (the kernel's names, arch/x86/include/asm/cpufeatures.h): where each stands. `implied`
 * lists iced's names for the instructions that need the feature.
 */
export interface Feature {
  readonly name: string;
  readonly leaf: number;
  readonly subleaf: number;
  readonly register: 'eax' | 'ebx' | 'ecx' | 'edx';
  readonly bit: number;
  /** iced CpuidFeature names that this feature brings. */
  readonly instructions?: readonly string[];
}

type Row = [name: string, bit: number, ...instructions: string[]];

const at = (leaf: number, subleaf: number, register: Feature['register'], rows: readonly Row[]): Feature[] =>
  rows.map(([name, bit, ...instructions]) => ({ name, leaf, subleaf, register, bit, instructions }));

export const FEATURES: readonly Feature[] = [
  ...at(1, 0, 'edx', [
    ['fpu', 0, 'FPU', 'FPU287', 'FPU387'],
    ['vme', 1],
    ['de', 2],
    ['pse', 3],
    ['tsc', 4, 'TSC'],
    ['msr', 5, 'MSR'],
    ['pae', 6],
    ['mce', 7],
    ['cx8', 8, 'CX8'],
    ['apic', 9],
    ['sep', 11, 'SEP'],
    ['mtrr', 12],
    ['pge', 13],
    ['mca', 14],
    ['cmov', 15, 'CMOV'],
    ['pat', 16],
    ['pse36', 17],
    ['clflush', 19, 'CLFSH'],
    ['mmx', 23, 'MMX'],
    ['fxsr', 24, 'FXSR'],
    ['sse', 25, 'SSE'],
    ['sse2', 26, 'SSE2'],
  ]),
  ...at(1, 0, 'ecx', [
    ['pni', 0, 'SSE3'],
    ['monitor', 3, 'MONITOR'],
    ['ssse3', 9, 'SSSE3'],
    ['cx16', 13, 'CMPXCHG16B'],
    ['pcid', 17],
    ['sse4_1', 19, 'SSE4_1'],
    ['sse4_2', 20, 'SSE4_2'],
    ['x2apic', 21],
    ['movbe', 22, 'MOVBE'],
    ['popcnt', 23, 'POPCNT'],
    ['tsc_deadline_timer', 24],
    ['xsave', 26, 'XSAVE'],
    ['avx', 28, 'AVX'],
    ['rdrand', 30, 'RDRAND'],
  ]),
  ...at(6, 0, 'eax', [['arat', 2]]),
  ...at(7, 0, 'ebx', [
    ['fsgsbase', 0, 'FSGSBASE'],
    ['tsc_adjust', 1],
    ['bmi1', 3, 'BMI1'],
    ['avx2', 5, 'AVX2'],
    ['fdp_excptn_only', 6],
    ['smep', 7],
    ['bmi2', 8, 'BMI2'],
    ['erms', 9],
    ['invpcid', 10, 'INVPCID'],
    ['zero_fcs_fds', 13],
    ['rdseed', 18, 'RDSEED'],
    ['adx', 19, 'ADX'],
    ['smap', 20, 'SMAP'],
    ['clflushopt', 23, 'CLFLUSHOPT'],
    ['clwb', 24, 'CLWB'],
  ]),
  ...at(7, 0, 'ecx', [
    ['umip', 2],
    ['pku', 3, 'PKU'],
    ['waitpkg', 5, 'WAITPKG'],
    ['shstk', 7, 'CET_SS'],
    ['la57', 16],
    ['rdpid', 22, 'RDPID'],
    ['bus_lock_detect', 24],
    ['cldemote', 25, 'CLDEMOTE'],
    ['movdiri', 27, 'MOVDIRI'],
    ['movdir64b', 28, 'MOVDIR64B'],
    ['pks', 31],
  ]),
  ...at(7, 0, 'edx', [
    ['fsrm', 4],
    ['md_clear', 10],
    ['serialize', 14, 'SERIALIZE'],
    ['ibt', 20, 'CET_IBT'],
    ['spec_ctrl', 26],
    ['stibp', 27],
    ['flush_l1d', 28],
    ['arch_capabilities', 29],
    ['ssbd', 31],
  ]),
  ...at(7, 1, 'eax', [['lam', 26]]),
  ...at(0xd, 1, 'eax', [
    ['xsaveopt', 0, 'XSAVEOPT'],
    ['xsavec', 1, 'XSAVEC'],
    ['xgetbv1', 2],
    ['xsaves', 3, 'XSAVES'],
  ]),
  ...at(0x80000001, 0, 'edx', [
    ['syscall', 11, 'SYSCALL'],
    ['nx', 20],
    ['pdpe1gb', 26],
    ['rdtscp', 27, 'RDTSCP'],
    ['lm', 29, 'X64'],
  ]),
  ...at(0x80000001, 0, 'ecx', [
    ['lahf_lm', 0],
    ['abm', 5, 'LZCNT'],
    ['3dnowprefetch', 8, 'PREFETCHW'],
  ]),
  ...at(0x80000008, 0, 'ebx', [['wbnoinvd', 9, 'WBNOINVD']]),
];

/**
 * What a feature needs: switched off with it, as in the kernel's table (arch/x86/kernel/cpu/cpuid-deps.c).
 */
export const NEEDS: Readonly<Record<string, readonly string[]>> = {
  mmx: ['fpu'],
  fxsr: ['fpu'],
  sse: ['fxsr'],
  sse2: ['sse'],
  pni: ['sse2'],
  ssse3: ['pni'],
  sse4_1: ['ssse3'],
  sse4_2: ['sse4_1'],
  avx: ['xsave', 'sse4_2'],
  avx2: ['avx'],
  xsaveopt: ['xsave'],
  xsavec: ['xsave'],
  xgetbv1: ['xsave'],
  xsaves: ['xsave', 'xsavec'],
  mca: ['mce'],
  pcid: ['lm'],
  la57: ['lm'],
  lam: ['lm'],
  syscall: ['lm'],
  rdtscp: ['tsc'],
};

/** Instruction sets that every x86-64 processor has and no CPUID bit tells. */
export const ALWAYS: readonly string[] = [
  'INTEL8086',
  'INTEL8086_ONLY',
  'INTEL186',
  'INTEL286',
  'INTEL286_ONLY',
  'INTEL386',
  'INTEL386_ONLY',
  'INTEL486',
  'INTEL386_A0_ONLY',
  'CPUID',
  'MULTIBYTENOP',
  'PAUSE',
  'SMM',
  'RDPMC',
  'INTEL486_A_ONLY',
];
