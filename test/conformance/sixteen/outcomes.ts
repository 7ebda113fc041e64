/** What the processor did with each case, and the file that keeps it. */
import { ByteReader, ByteWriter } from '../codec.ts';
import type { SixteenCase } from './cases.ts';

export interface SixteenOutcome {
  /** Vector of the exception that ended the case; 3 when it ran into the INT3s. */
  readonly fault: number;
  readonly errorCode: number;
  readonly registers: readonly number[];
  readonly eip: number;
  /** Arithmetic flags and DF. */
  readonly flags: number;
  readonly changed: readonly { readonly at: number; readonly bytes: Uint8Array }[];
}

const MAGIC = 'shadowstep 16-bit vectors 1';

export function writeOutcomes(
  brand: string,
  cases: readonly SixteenCase[],
  outcomes: readonly SixteenOutcome[],
): Uint8Array {
  const out = new ByteWriter();
  out.string(MAGIC);
  out.string(brand);
  out.u32(cases.length);
  cases.forEach((before, i) => {
    const after = outcomes[i]!;
    out.u8(after.fault);
    out.varint(after.errorCode);
    out.varint(after.eip);
    out.varint(after.flags);
    const changed = after.registers.reduce(
      (mask, value, r) => (value === before.registers[r] ? mask : mask | (1 << r)),
      0,
    );
    out.u8(changed);
    after.registers.forEach((value, r) => {
      if ((changed >> r) & 1) out.u32(value);
    });
    out.varint(after.changed.length);
    for (const { at, bytes } of after.changed) {
      out.varint(at);
      out.varint(bytes.length);
      out.raw(bytes);
    }
  });
  return out.finish();
}

/** @throws Error for another kind of file */
export function* readOutcomes(
  bytes: Uint8Array,
  caseAt: (index: number) => SixteenCase,
): Generator<[SixteenCase, SixteenOutcome]> {
  const input = new ByteReader(bytes);
  if (input.string() !== MAGIC) throw new Error('not a file of 16-bit vectors');
  input.string();
  const count = input.u32();
  for (let index = 0; index < count; index++) {
    const before = caseAt(index);
    const fault = input.u8();
    const errorCode = input.varint();
    const eip = input.varint();
    const flags = input.varint();
    const mask = input.u8();
    const registers = before.registers.map((value, r) => ((mask >> r) & 1 ? input.u32() : value));
    const changed = Array.from({ length: input.varint() }, () => {
      const at = input.varint();
      return { at, bytes: input.raw(input.varint()) };
    });
    yield [before, { fault, errorCode, eip, flags, registers, changed }];
  }
}
