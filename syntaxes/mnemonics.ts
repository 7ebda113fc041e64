import { Code, CodeExt, CpuidFeature, FlowControl, Instruction, Mnemonic } from 'iced-x86';

/** The kinds of mnemonic that the grammar tells apart. */
export type MnemonicKind = 'cet' | 'vmx' | 'branch' | 'general' | 'vector';

/** A name belongs to the first of these that has it. */
const order: readonly MnemonicKind[] = ['cet', 'vmx', 'branch', 'general', 'vector'];

const words = (text: string): string[] => text.trim().split(/\s+/);

const conditions = words('c nc e ne z nz na nae nb nbe ng nge nl nle pe po');
const sizes = ['', 'b', 'w', 'l', 'q'];
const sized = (names: string): string[] => words(names).flatMap((name) => sizes.map((size) => name + size));

/** What GNU as knows beside iced's names: AT&T's own spellings, sizes of what has no operand, other names of conditions. */
const gnuNames: Readonly<Partial<Record<MnemonicKind, readonly string[]>>> = {
  branch: [
    ...sized('call jmp ret lcall ljmp lret iret sysret sysexit'),
    ...conditions.map((condition) => `j${condition}`),
    'loopz',
    'loopnz',
  ],
  general: [
    ...words('cbtw cwtl cltq cwtd cltd cqto'),
    ...sized('movabs movs movz movsb movsw movzb movzw sal pushf popf cmps lods stos scas ins outs'),
    ...words('movslq movzlq'),
    ...conditions.flatMap((condition) => [`set${condition}`, `cmov${condition}`]),
  ],
};

const branches: ReadonlySet<FlowControl> = new Set([
  FlowControl.UnconditionalBranch,
  FlowControl.IndirectBranch,
  FlowControl.ConditionalBranch,
  FlowControl.Return,
  FlowControl.Call,
  FlowControl.IndirectCall,
  FlowControl.Interrupt,
]);

/** Features whose instructions take AT&T's size suffixes: `addq`, `movbeq`. */
const integerFeature = /^(INTEL|X64|IA64|CMOV|CX8|ADX|BMI|LZCNT|POPCNT|MOVBE|CMPXCHG16B|MULTIBYTENOP|FSGSBASE|RDRAND)/;
/** Branches that iced counts among the instructions without a flow of their own. */
const systemBranches = new Set([
  'syscall',
  'sysret',
  'sysenter',
  'sysexit',
  'sysretq',
  'sysexitq',
  'uiret',
  'eretu',
  'erets',
]);

function kindOf(name: string, flow: FlowControl, features: readonly string[]): MnemonicKind {
  if (features.some((feature) => feature === 'CET_SS' || feature === 'CET_IBT')) return 'cet';
  if (features.some((feature) => /^(VMX|INVEPT|INVVPID)$/.test(feature))) return 'vmx';
  if (branches.has(flow) || systemBranches.has(name)) return 'branch';
  return features.some((feature) => /^(AVX|FMA|XOP|KNC|AMX)/.test(feature)) ? 'vector' : 'general';
}

function suffixesOf(name: string, kind: MnemonicKind, features: readonly string[]): readonly string[] {
  if (kind === 'vmx') return /^vm(read|write)$/.test(name) ? ['', 'l', 'q'] : [''];
  if (kind !== 'general' || /^set/.test(name)) return [''];
  if (name.startsWith('f') && features.some((feature) => feature.startsWith('FPU')))
    return ['', 's', 'l', 't', 'q', 'll'];
  return features.some((feature) => integerFeature.test(feature)) ? sizes : [''];
}

/** Every mnemonic of iced's table in lower case, with AT&T's size suffixes where it takes them, sorted. */
export function mnemonics(): Record<MnemonicKind, string[]> {
  const found = new Map<string, MnemonicKind>();
  const add = (name: string, kind: MnemonicKind) => {
    const known = found.get(name);
    if (known === undefined || order.indexOf(kind) < order.indexOf(known)) found.set(name, kind);
  };
  for (const kind of order) {
    for (const name of gnuNames[kind] ?? []) add(name, kind);
  }
  const instruction = new Instruction();
  for (const code of Object.values(Code)) {
    if (typeof code !== 'number') continue;
    const opCode = CodeExt.opCode(code);
    if (opCode.isInstruction) {
      instruction.code = code;
      const name = Mnemonic[opCode.mnemonic]!.toLowerCase();
      const features = [...instruction.cpuidFeatures()].map((feature) => CpuidFeature[feature]!);
      const kind = kindOf(name, instruction.flowControl, features);
      const suffixes = opCode.opCount > 0 ? suffixesOf(name, kind, features) : [''];
      for (const suffix of suffixes) add(name + suffix, kind);
    }
    opCode.free();
  }
  instruction.free();
  const result: Record<MnemonicKind, string[]> = { cet: [], vmx: [], branch: [], general: [], vector: [] };
  for (const name of [...found.keys()].sort()) result[found.get(name)!].push(name);
  return result;
}
