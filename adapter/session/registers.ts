import type { MachineApi, RegisterDescription } from '../../emulator/api.ts';
import type { Frame } from './frames.ts';

interface SubRegister {
  readonly full: string;
  readonly shift: number;
  readonly bits: number;
}

const LEGACY = ['ax', 'bx', 'cx', 'dx', 'si', 'di', 'bp', 'sp', 'ip'];

/** `eax`, `ax`, `al`, `ah`, `r8d`, `r8w`, `r8b` …: parts of the 64-bit registers (SDM Vol. 1 §3.4.1). */
const SUB_REGISTERS: ReadonlyMap<string, SubRegister> = (() => {
  const table = new Map<string, SubRegister>();
  for (const name of LEGACY) {
    const full = `r${name}`;
    table.set(`e${name}`, { full, shift: 0, bits: 32 });
    table.set(name, { full, shift: 0, bits: 16 });
    if (name === 'ip') continue;
    const byte = name.endsWith('x') ? name[0]! : name;
    table.set(`${byte}l`, { full, shift: 0, bits: 8 });
    if (name.endsWith('x')) table.set(`${byte}h`, { full, shift: 8, bits: 8 });
  }
  for (let number = 8; number < 16; number++) {
    const full = `r${number}`;
    table.set(`${full}d`, { full, shift: 0, bits: 32 });
    table.set(`${full}w`, { full, shift: 0, bits: 16 });
    table.set(`${full}b`, { full, shift: 0, bits: 8 });
  }
  table.set('eflags', { full: 'rflags', shift: 0, bits: 32 });
  table.set('flags', { full: 'rflags', shift: 0, bits: 16 });
  return table;
})();

/** Registers by name, whole or part, of the processor or as a frame had them. */
export class Registers {
  private readonly byName: ReadonlyMap<string, RegisterDescription>;

  constructor(readonly machine: MachineApi) {
    this.byName = new Map(machine.registers.map((register) => [register.name.toLowerCase(), register]));
  }

  /** Every name that can stand in an expression, lower case. */
  names(): string[] {
    return [...this.byName.keys(), ...SUB_REGISTERS.keys(), 'steps', 'vcpu'];
  }

  describe(name: string): RegisterDescription | undefined {
    return this.byName.get(name);
  }

  /** `name` in lower case. Without a frame, or in the first one, the processor's own value. */
  read(name: string, frame?: Frame): { readonly value: bigint; readonly bits: number } | undefined {
    const description = this.byName.get(name);
    if (description !== undefined) {
      const framed = frame !== undefined && frame.kind !== 'top' ? frame.registers.get(name) : undefined;
      return { value: framed ?? this.machine.readRegister(name), bits: description.bits };
    }
    const part = SUB_REGISTERS.get(name);
    if (part !== undefined) {
      const full = this.read(part.full, frame);
      return full && { value: BigInt.asUintN(part.bits, full.value >> BigInt(part.shift)), bits: part.bits };
    }
    if (name === 'steps') return { value: BigInt(this.machine.steps), bits: 64 };
    if (name === 'vcpu') return { value: BigInt(this.machine.selectedVcpu), bits: 32 };
    return undefined;
  }

  /**
   * Writes a register or a part of one, as an instruction with that operand would: a 32-bit part clears the upper half.
   * Returns one sentence when it cannot be done.
   */
  write(name: string, value: bigint): string | undefined {
    if (name === 'steps') return "steps follows from the machine's state and cannot be set.";
    if (name === 'vcpu') return 'vcpu tells which vCPU this is and cannot be set.';
    const part = SUB_REGISTERS.get(name);
    const bits = this.byName.get(name)?.bits ?? part?.bits;
    if (bits === undefined) return `${name} is not a register.`;
    const sentence = checkWidth(name, value, bits);
    if (sentence !== undefined) return sentence;
    const unsigned = BigInt.asUintN(bits, value);
    if (part === undefined || this.byName.has(name)) return this.machine.writeRegister(name, unsigned);
    const mask = ((1n << BigInt(part.bits)) - 1n) << BigInt(part.shift);
    const kept = part.bits === 32 ? 0n : this.machine.readRegister(part.full) & ~mask;
    return this.machine.writeRegister(part.full, kept | (unsigned << BigInt(part.shift)));
  }
}

function checkWidth(name: string, value: bigint, bits: number): string | undefined {
  const width = BigInt(bits);
  if (value < 1n << width && value >= -(1n << (width - 1n))) return undefined;
  return `${name} is ${bits} bit${bits === 1 ? '' : 's'} wide and cannot hold ${value < 0n ? '-' : ''}0x${(value < 0n ? -value : value).toString(16)}.`;
}
