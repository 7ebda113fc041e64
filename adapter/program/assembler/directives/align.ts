import type { Assembler, Directive } from '../assembler.ts';
import type { Cursor } from '../cursor.ts';
import { StatementError } from '../diagnostics.ts';
import { parseExpression } from '../expression.ts';
import { fillNops, LONGEST } from '../nops.ts';

/** `alignment[, fill[, most]]`; `power` when the first counts as an exponent, `width` bytes of fill. */
const align =
  (power: boolean, width: 1 | 2 | 4): Directive =>
  (assembler, cursor) => {
    const start = cursor.skipBlanks().position;
    let value = cursor.done ? 0n : assembler.absolute(cursor);
    let fill: bigint | undefined;
    let most = 0n;
    if (cursor.take(',')) {
      if (cursor.skipBlanks().peek() !== ',' && !cursor.done) fill = assembler.absolute(cursor);
      if (cursor.take(',')) most = assembler.absolute(cursor);
    }
    assembler.expectEnd(cursor);
    if (power) {
      if (value < 0n || value > 31n)
        throw new StatementError(`.p2align takes a power of 0 to 31, not ${value}.`, start, cursor.position);
      value = 1n << value;
    } else {
      if (value === 0n) value = 1n;
      if (value < 0n || (value & (value - 1n)) !== 0n || value > 1n << 31n) {
        throw new StatementError(`The alignment ${value} is no power of two.`, start, cursor.position);
      }
    }
    emitAlignment(assembler, Number(value), fill, width, Number(most < 0n ? 0n : most));
  };

function emitAlignment(
  assembler: Assembler,
  alignment: number,
  fill: bigint | undefined,
  width: number,
  maximum: number,
): void {
  const { chain } = assembler;
  const { section } = chain;
  section.alignment = Math.max(section.alignment, alignment);
  const pattern = new Uint8Array(width);
  let rest = BigInt.asUintN(width * 8, fill ?? 0n);
  for (let index = 0; index < width; index++) {
    pattern[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  const code = fill === undefined && section.flags.executable;
  chain.finish({ kind: 'align', alignment, maximum, fill: code ? 'code' : pattern, place: assembler.place() });
}

const org: Directive = (assembler, cursor: Cursor) => {
  const start = cursor.skipBlanks().position;
  const target = parseExpression(cursor, assembler.expressions);
  const place = assembler.place(start, cursor.position);
  const fill = cursor.take(',') ? assembler.absolute(cursor) : 0n;
  assembler.expectEnd(cursor);
  assembler.chain.finish({ kind: 'org', target, fill: Number(BigInt.asUintN(8, fill)), place });
};

/** `.nops size[, longest]`: code padding of a size, in instructions of at most `longest` bytes. */
const nops: Directive = (assembler, cursor) => {
  const start = cursor.skipBlanks().position;
  const size = assembler.absolute(cursor);
  const longest = cursor.take(',') ? assembler.absolute(cursor) : 0n;
  assembler.expectEnd(cursor);
  if (size < 0n || size > 1n << 20n || longest < 0n || longest > BigInt(LONGEST)) {
    throw new StatementError(
      `.nops takes a size to ${1 << 20} and instructions to ${LONGEST} bytes, not ${size} and ${longest}.`,
      start,
      cursor.position,
    );
  }
  const bytes = new Uint8Array(Number(size));
  fillNops(bytes, 0, bytes.length, longest === 0n ? LONGEST : Number(longest));
  assembler.chain.append(bytes);
};

export const alignDirectives: Readonly<Record<string, Directive>> = {
  '.align': align(false, 1),
  '.balign': align(false, 1),
  '.balignw': align(false, 2),
  '.balignl': align(false, 4),
  '.p2align': align(true, 1),
  '.p2alignw': align(true, 2),
  '.p2alignl': align(true, 4),
  '.org': org,
  '.nops': nops,
  '.nop': (assembler, cursor) => {
    assembler.expectEnd(cursor);
    assembler.chain.append([0x90]);
  },
};
