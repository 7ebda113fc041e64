import { Code, CpuidFeature, Instruction } from 'iced-x86';
import { describe, expect, it } from 'vitest';
import { CONTEXT } from '../../../emulator/cpu/context.ts';
import { InstructionDecoder } from '../../../emulator/cpu/decode/decoder.ts';
import { loadStepModule } from '../../../emulator/cpu/engine/loadStepModule.ts';
import { MSR_BY_INDEX, MSRS } from '../../../emulator/cpu/msrs.ts';
import { cpuid } from '../../../emulator/cpu/profiles/cpuid.ts';
import { FEATURES, NEEDS } from '../../../emulator/cpu/profiles/features.ts';
import { Processor } from '../../../emulator/cpu/profiles/profiles.ts';
import { CR4_FEATURES } from '../../../emulator/cpu/system/host/controlRegisters.ts';
import { HOST_INSTRUCTIONS } from '../../../emulator/cpu/system/hostTable.ts';
import { STATE_COMPONENTS, userComponents } from '../../../emulator/cpu/xsave/components.ts';
import { loadGuest } from '../../../emulator/loaders/load.ts';
import { Machine } from '../../../emulator/machine.ts';
import { assembleText } from '../guest.ts';
import { instructionOf } from './instructionOf.ts';

/** What the bytes are to a processor without the feature, where that is not #UD (SDM Vol. 2, each instruction's page). */
const WITHOUT: Readonly<Record<string, string>> = {
  Tzcnt: 'bsf',
  Lzcnt: 'bsr',
  Endbr64: 'nop',
  Endbr32: 'nop',
  Rdsspd: 'nop',
  Rdsspq: 'nop',
  Prefetch: 'nop',
  Prefetchw: 'nop',
  Prefetchreserved: 'nop',
  Cldemote: 'nop',
  Wbnoinvd: 'wbinvd',
};

const ON = Processor.create(
  'sapphirerapids',
  Object.fromEntries(FEATURES.filter(({ name }) => name !== 'la57').map(({ name }) => [name, true])),
);
const off = (name: string): Processor => Processor.create('sapphirerapids', { [name]: false });
const decoderOf = (processor: Processor): InstructionDecoder =>
  new InstructionDecoder(loadStepModule().module.handlers, processor);

/** #UD with every feature: undefined instructions, SYSCALL and SYSRET outside 64-bit mode (SDM Vol. 2). */
const ALWAYS_UNDEFINED = /^(Ud[01]_|(Syscall|Sysretd) 32)/;

/** Ring 0 with everything on that instructions ask for. */
const contextOf = (bits: 32 | 64): number =>
  (bits === 64 ? 2 : 1) | CONTEXT.STACK32 | CONTEXT.PROTECTED | CONTEXT.PAGING | CONTEXT.SHADOW_STACK | CONTEXT.AVX;

function formOf(decoder: InstructionDecoder, bytes: Uint8Array, bits: 32 | 64): string {
  const padded = new Uint8Array(15).fill(0x90);
  padded.set(bytes);
  const decoded = decoder.decode(padded, 0, contextOf(bits))!;
  return decoded.form.name === 'host' ? HOST_INSTRUCTIONS[decoded.host]! : decoded.form.name;
}

const instructionSets = (name: string): string[] => {
  const instruction = new Instruction();
  instruction.code = Code[name as keyof typeof Code];
  const sets = [...instruction.cpuidFeatures()].map((feature) => CpuidFeature[feature]!);
  instruction.free();
  return sets;
};
const CODES = Object.keys(Code).filter((name) => Number.isNaN(Number(name)));
const SETS = new Map(CODES.map((name) => [name, instructionSets(name)] as const));
const withInstructions = FEATURES.filter(({ instructions }) => instructions?.length);

describe.each(withInstructions.map(({ name }) => name))('without %s', (name) => {
  const { instructions = [] } = FEATURES.find((feature) => feature.name === name)!;
  const with_ = decoderOf(ON);
  const without = decoderOf(off(name));
  const codes = [...SETS].filter(([, sets]) => sets.some((set) => instructions.includes(set))).map(([code]) => code);
  const each = codes.flatMap((code) =>
    ([64, 32] as const).flatMap((bits) => {
      const bytes = instructionOf(code, bits);
      // The encoder puts FWAIT before the waiting forms: another instruction.
      return bytes && bytes[0] !== 0x9b && SETS.get(code)!.every((set) => ON.has(set)) ? [{ code, bits, bytes }] : [];
    }),
  );

  it('its instructions raise #UD, or are what older processors make of them', () => {
    const wrong = each
      .map(({ code, bits, bytes }) => {
        const mnemonic = /^(?:VEX_)?([A-Z][a-z]*\d?\d?(?:64|32)?)/.exec(code)![1]!;
        const expected = WITHOUT[mnemonic] ?? WITHOUT[mnemonic.replace(/\d$/, '')] ?? 'ud';
        const got = formOf(without, bytes, bits);
        return got === expected ? undefined : `${code} ${bits}: ${got}`;
      })
      .filter((line) => line !== undefined);
    expect(wrong).toEqual([]);
  });

  it('and with it the machine has them', () => {
    const wrong = each
      .filter(({ bits, bytes }) => /^(unsupported|ud)$/.test(formOf(with_, bytes, bits)))
      .map(({ code, bits }) => `${code} ${bits}`)
      .filter((line) => !ALWAYS_UNDEFINED.test(line));
    expect(wrong).toEqual([]);
  });
});

const DYNAMIC = { cr4: 0, xcr0: 1, xss: 0, miscEnable: [1 << 18, 0] } as unknown as Parameters<typeof cpuid>[3];
const bitOf = (processor: Processor, { leaf, subleaf, register, bit }: (typeof FEATURES)[number]): number => {
  const values = cpuid(processor, leaf, subleaf, { ...DYNAMIC, apicEnabled: true, apicId: 0, cpus: 1 } as never);
  return (values[['eax', 'ebx', 'ecx', 'edx'].indexOf(register)]! >>> bit) & 1;
};

describe('CPUID', () => {
  it.each(FEATURES.map((feature) => [feature.name, feature] as const))('shows %s when it is on', (name, feature) => {
    expect(bitOf(Processor.create('sapphirerapids', { [name]: false }), feature)).toBe(0);
    if (ON.feature(name)) expect(bitOf(ON, feature)).toBe(1);
  });

  it('takes along what needs a feature, and refuses what has not what it needs', () => {
    const processor = off('xsave');
    for (const name of ['xsaveopt', 'xsavec', 'xgetbv1', 'xsaves']) expect(processor.feature(name)).toBe(false);
    expect(() => Processor.create('tigerlake', { xsave: false, xsaves: true })).toThrow(
      'features.xsaves is true, but it needs xsave, which is off.',
    );
    for (const [feature, needs] of Object.entries(NEEDS)) {
      expect(
        FEATURES.some(({ name }) => name === feature),
        feature,
      ).toBe(true);
      for (const need of needs)
        expect(
          FEATURES.some(({ name }) => name === need),
          need,
        ).toBe(true);
    }
  });

  it('has no state component without its feature', () => {
    for (const { number, features, supervisor } of STATE_COMPONENTS) {
      if (number < 2 || supervisor) continue;
      const known = features.filter((feature) => FEATURES.some(({ name }) => name === feature));
      for (const feature of known) expect(userComponents(off(feature)) & (1 << number)).toBe(0);
    }
    expect(userComponents(off('xsave'))).toBe(0);
  });
});

/** One instruction in ring 0 with registers set; the vector that it raises, if it does. */
async function attempt(
  features: Record<string, boolean>,
  source: string,
  registers: Record<string, bigint>,
): Promise<number | undefined> {
  const machine = Machine.create({ cpu: 'sapphirerapids', features, memoryBytes: 4 << 20 });
  loadGuest(machine, await assembleText(source), 'long64');
  machine.setExceptionStops(-1);
  for (const [name, value] of Object.entries(registers)) {
    const refused = machine.writeRegister(name, value);
    if (refused) throw new Error(refused);
  }
  const exit = machine.run(1);
  return exit.kind === 'exception' ? exit.event.vector : undefined;
}
const allOff = (names: readonly string[]): Record<string, boolean> =>
  Object.fromEntries(names.map((name) => [name, false]));

describe('CR4 and MSRs', () => {
  const bits = [...new Set(CR4_FEATURES.map(([, mask]) => mask))];
  // A 64-bit guest has PAE and cannot change LA57; PCIDE and CET have conditions of their own, which a plain write meets.
  it.each(bits.filter((mask) => mask !== 0x20 && mask !== 0x200 && mask !== 0x1000))(
    'CR4 mask %i is reserved without its features',
    async (mask) => {
      const features = CR4_FEATURES.filter(([, one]) => one === mask).map(([name]) => name);
      const bit = mask & -mask;
      const value = BigInt(0x10620 | bit) & 0xffffffffn;
      const rbx = mask === 1 << 16 ? 0x10620n : value & ~0x10000n;
      expect(await attempt(allOff(features), 'mov %rbx, %cr4', { rbx })).toBe(13);
      expect(await attempt(Object.fromEntries(features.map((name) => [name, true])), 'mov %rbx, %cr4', { rbx })).toBe(
        undefined,
      );
    },
  );

  it('MSRs are absent without their features', { timeout: 60_000 }, async () => {
    const groups = new Map<string, number[]>();
    for (const { index, features } of MSRS) {
      if (features && !features.includes('lm'))
        groups.set(features.join(' '), [...(groups.get(features.join(' ')) ?? []), index]);
    }
    for (const [features, indices] of groups) {
      for (const index of indices.slice(0, 3)) {
        const name = MSR_BY_INDEX.get(index)!.name;
        expect(await attempt(allOff(features.split(' ')), 'rdmsr', { rcx: BigInt(index) }), name).toBe(13);
      }
    }
  });
});
