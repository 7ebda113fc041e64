/** One x87 instruction on many operands in the machine: FNINIT, FLDCW, two loads, the instruction, FNSAVE. */
import { hostPhysical, linear } from '../../../../emulator/addresses.ts';
import { assembleText, boot, type Guest, runToEnd } from '../../guest.ts';

/** A double extended value: significand with its integer bit; sign (bit 15) and exponent. */
export interface Extended {
  readonly significand: bigint;
  readonly word: number;
}

export interface Case {
  /** Loaded first; absent to leave the register empty. */
  readonly st1?: Extended;
  readonly st0?: Extended;
  /** Control word; 37Fh when absent. */
  readonly control?: number;
}

export interface Outcome {
  readonly status: number;
  readonly tags: number;
  /** ST(0) to ST(7). */
  readonly st: readonly Extended[];
}

const INPUT = 0x20_0000;
const OUTPUT = 0x40_0000;
const INPUT_BYTES = 48;
const OUTPUT_BYTES = 128;

/** A machine for each instruction: made once, run many times. */
const machines = new Map<string, Promise<Guest>>();

async function machineFor(instruction: string): Promise<Guest> {
  const image = await assembleText(`
    start: movl $${INPUT}, %edi\n movl $${OUTPUT}, %esi
    next: fninit\n testb $2, 34(%rdi)\n jz 1f\n fldt (%rdi)
    1: testb $1, 34(%rdi)\n jz 2f\n fldt 16(%rdi)
    2: fldcw 32(%rdi)\n ${instruction}
    fnsave (%rsi)\n addq $${INPUT_BYTES}, %rdi\n addq $${OUTPUT_BYTES}, %rsi\n decl %ecx\n jnz next\n done: hlt`);
  const made = boot(image, { memoryBytes: 8 << 20 });
  made.machine.setBreakpoints([linear(made.at('done'))]);
  return made;
}

/** What the instruction (AT&T syntax) leaves for each case. */
export async function runCases(instruction: string, cases: readonly Case[]): Promise<Outcome[]> {
  const made = machines.get(instruction) ?? machineFor(instruction);
  machines.set(instruction, made);
  const { machine, at: labelled } = await made;
  machine.writeRegister('rip', labelled('start'));
  machine.writeRegister('rcx', BigInt(cases.length));
  const input = new DataView(new ArrayBuffer(cases.length * INPUT_BYTES));
  for (const [i, { st0, st1, control = 0x37f }] of cases.entries()) {
    const at = i * INPUT_BYTES;
    const put = (offset: number, x: Extended) => {
      input.setBigUint64(at + offset, x.significand, true);
      input.setUint16(at + offset + 8, x.word, true);
    };
    if (st1) put(0, st1);
    if (st0) put(16, st0);
    input.setUint16(at + 32, control, true);
    input.setUint8(at + 34, (st1 ? 2 : 0) | (st0 ? 1 : 0));
  }
  machine.writePhysical(hostPhysical(INPUT), new Uint8Array(input.buffer));
  runToEnd(machine, 1 << 24);
  const { data } = machine.readPhysical(hostPhysical(OUTPUT), cases.length * OUTPUT_BYTES);
  const output = new DataView(data.buffer, data.byteOffset);
  return cases.map((_, i) => {
    const at = i * OUTPUT_BYTES;
    const st = Array.from({ length: 8 }, (__, n) => ({
      significand: output.getBigUint64(at + 28 + n * 10, true),
      word: output.getUint16(at + 28 + n * 10 + 8, true),
    }));
    return { status: output.getUint16(at + 4, true), tags: output.getUint16(at + 8, true), st };
  });
}

/** From a JavaScript number. */
export function extended(x: number): Extended {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const sign = Number(bits >> 63n) << 15;
  const field = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  if (field === 0x7ff) return { significand: (1n << 63n) | (fraction << 11n), word: sign | 0x7fff };
  if (field === 0 && fraction === 0n) return { significand: 0n, word: sign };
  if (field === 0) return { ...normalized(fraction, -1074, sign !== 0) };
  return { significand: (1n << 63n) | (fraction << 11n), word: sign | (field - 1023 + 16383) };
}

/** mantissa × 2^exponent, which must be exact. */
export function normalized(mantissa: bigint, exponent: number, negative: boolean): Extended {
  const shift = 64 - mantissa.toString(2).length;
  const field = exponent - shift + 63 + 16383;
  const sign = negative ? 0x8000 : 0;
  if (field > 0) return { significand: mantissa << BigInt(shift), word: sign | field };
  return { significand: (mantissa << BigInt(shift)) >> BigInt(1 - field), word: sign };
}

export const show = ({ significand, word }: Extended): string =>
  `${word.toString(16).padStart(4, '0')}:${significand.toString(16).padStart(16, '0')}`;
