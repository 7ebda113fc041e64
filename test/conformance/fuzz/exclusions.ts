/**
 * What the fuzzer leaves out, and why. Each has directed tests elsewhere. Everything else runs, valid or not.
 */
import { Code, CpuidFeature, EncodingKind, type Instruction, Mnemonic, OpKind, Register } from 'iced-x86';
import { Processor } from '../../../emulator/cpu/profiles/profiles.ts';
import type { Mode } from './layout.ts';

export interface Setting {
  readonly mode: Mode;
  readonly cpl: 0 | 3;
  readonly against: 'bochs' | 'processor';
  /** Without x87, MMX and SSE. */
  readonly integer?: boolean;
}

interface Exclusion {
  readonly why: string;
  readonly mnemonics: readonly string[];
  readonly when?: (setting: Setting) => boolean;
}

const supervisor = ({ cpl }: Setting): boolean => cpl === 0;
const onProcessor = ({ against }: Setting): boolean => against === 'processor';
const inBochs = ({ against }: Setting): boolean => against === 'bochs';

export const EXCLUSIONS: readonly Exclusion[] = [
  {
    why: 'the answer is time, chance or the model, not semantics',
    mnemonics: [
      'Cpuid',
      'Rdtsc',
      'Rdtscp',
      'Rdpmc',
      'Rdrand',
      'Rdseed',
      'Rdpid',
      'Rdpru',
      'Xgetbv',
      'Rdpkru',
      'Wrpkru',
    ],
  },
  { why: 'waits', mnemonics: ['Hlt', 'Mwait', 'Umwait', 'Tpause', 'Monitor', 'Umonitor', 'Mwaitx', 'Monitorx'] },
  {
    why: "takes the machine from the kernel's hands: control registers, tables, MSRs, ports",
    mnemonics: [
      ...['Lgdt', 'Lidt', 'Lldt', 'Ltr', 'Lmsw', 'Clts', 'Wrmsr', 'Rdmsr', 'Xsetbv', 'Swapgs', 'Rsm', 'Getsec'],
      ...[
        'In',
        'Out',
        'Insb',
        'Insw',
        'Insd',
        'Outsb',
        'Outsw',
        'Outsd',
        'Wrmsrns',
        'Wrmsrlist',
        'Rdmsrlist',
        'Pconfig',
      ],
      ...['Invd', 'Vmrun', 'Skinit', 'Stgi', 'Clgi', 'Encls', 'Senduipi', 'Lkgs', 'Uiret', 'Clui', 'Stui', 'Testui'],
    ],
    when: supervisor,
  },
  {
    why: 'enters the operating system that runs the harness, or depends on its descriptor tables and its own state',
    mnemonics: [
      ...['Syscall', 'Sysenter', 'Sysret', 'Sysretq', 'Sysexit', 'Sysexitq', 'Int', 'Int1', 'Into', 'Icebp'],
      ...['Iret', 'Iretd', 'Iretq', 'Lds', 'Les', 'Lfs', 'Lgs', 'Lss', 'Lar', 'Lsl', 'Verr', 'Verw', 'Sldt', 'Str'],
      ...['Sgdt', 'Sidt', 'Smsw', 'Wrfsbase', 'Wrgsbase', 'Rdfsbase', 'Rdgsbase', 'Vmcall', 'Vmmcall', 'Enclu'],
      ...['Arpl', 'Bound', 'In', 'Out', 'Insb', 'Insw', 'Insd', 'Outsb', 'Outsw', 'Outsd', 'Clflushopt', 'Clwb'],
      ...['Incsspd', 'Incsspq', 'Rdsspd', 'Rdsspq', 'Rstorssp', 'Saveprevssp', 'Vmgexit', 'Salc', 'Udb'],
      // What Linux has turned off or another processor has not.
      ...['Xsave', 'Xsave64', 'Xsaveopt', 'Xsaveopt64', 'Xsavec', 'Xsavec64', 'Xrstor', 'Xrstor64'],
      ...['Xsaves', 'Xsaves64', 'Xrstors', 'Xrstors64', 'Xsetbv'],
      ...['Movdiri', 'Movdir64b', 'Enqcmd', 'Enqcmds', 'Ptwrite', 'Cldemote', 'Rdpkru', 'Endbr64', 'Endbr32'],
    ],
    when: onProcessor,
  },
  {
    why: "results below 1 ulp differ between processors; the x87 vectors hold this machine's",
    mnemonics: ['Fsin', 'Fcos', 'Fsincos', 'Fptan', 'Fpatan', 'F2xm1', 'Fyl2x', 'Fyl2xp1'],
  },
  { why: 'an approximation, of which each processor has its own', mnemonics: ['Rcpps', 'Rcpss', 'Rsqrtps', 'Rsqrtss'] },
  {
    why: 'writes the FIP and FDP that the kernels leave out of the comparison',
    mnemonics: ['Fnstenv', 'Fnsave', 'Fstenv', 'Fsave', 'Fxsave', 'Fxsave64'],
  },
  {
    why: 'VMX is not there yet',
    mnemonics: ['Vmxon', 'Vmxoff', 'Vmlaunch', 'Vmresume', 'Invept', 'Invvpid'],
    when: inBochs,
  },
];

const byMnemonic = new Map<number, Exclusion[]>();
for (const exclusion of EXCLUSIONS)
  for (const name of exclusion.mnemonics) {
    const mnemonic = (Mnemonic as unknown as Record<string, number>)[name];
    if (mnemonic === undefined) continue;
    byMnemonic.set(mnemonic, [...(byMnemonic.get(mnemonic) ?? []), exclusion]);
  }

const processor = Processor.create('tigerlake');

function usesStackPointer(instruction: Instruction): boolean {
  for (let i = 0; i < instruction.opCount; i++)
    if (instruction.opKind(i) === OpKind.Register && instruction.opRegister(i) === Register.ESP) return true;
  return (
    instruction.memoryBase === Register.ESP ||
    ['Pushad', 'Enterd'].some((name) => (Code[instruction.code] ?? '').startsWith(name))
  );
}

/** Why an instruction does not run in a setting; undefined when it does. */
export function exclusionOf(instruction: Instruction, setting: Setting): string | undefined {
  if (instruction.isInvalid) return undefined;
  for (const { why, when } of byMnemonic.get(instruction.mnemonic) ?? [])
    if (when === undefined || when(setting)) return why;
  const name = Code[instruction.code] ?? '';
  if (
    setting.integer &&
    instruction.cpuidFeatures().some((f) => /^(FPU|MMX|SSE|FXSR|3DNOW|D3)/.test(CpuidFeature[f] ?? ''))
  )
    return 'x87, MMX and SSE are left out';
  if (supervisor(setting) && /^Mov_(cr|dr)/.test(name)) return 'writes control or debug registers';
  if (onProcessor(setting)) {
    if (/^Mov_(cr|dr|r\d+_(cr|dr))/.test(name)) return 'depends on the settings of the operating system';
    if (setting.mode === '16' && usesStackPointer(instruction))
      return 'Linux changes the upper half of ESP on a 16-bit stack';
    if (instruction.encoding !== EncodingKind.Legacy) return 'the recording processor may lack it or have it enabled';
    if (/Sreg|^(Push|Pop)[wdq]?_[CDESFG]S$|far|^(Jmp|Call)_(m16|ptr)|^Retf/i.test(name))
      return 'depends on descriptor tables';
  } else if (instruction.encoding !== EncodingKind.Legacy) {
    // OSXSAVE is off: VEX, EVEX and XOP raise #UD in both, but for BMI, which needs no state.
    const bmi = instruction.cpuidFeatures().some((f) => /^BMI/.test(CpuidFeature[f] ?? ''));
    return bmi ? undefined : setting.mode === '64' ? undefined : 'LES, LDS or BOUND to a processor without it';
  }
  const lacking = instruction.cpuidFeatures().find((feature) => !processor.has(CpuidFeature[feature] ?? ''));
  return lacking === undefined ? undefined : `the profile has no ${CpuidFeature[lacking]}`;
}
