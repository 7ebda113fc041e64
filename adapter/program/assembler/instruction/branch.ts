import { type Place, StatementError } from '../diagnostics.ts';
import type { Expression } from '../expression.ts';
import type { Chain, Mode } from '../sections.ts';
import { conditionNumber } from './aliases.ts';
import { type Prefixes, SLOT } from './prefixes.ts';

/** How a direct near branch is encoded. */
export interface BranchPlan {
  /** Opcode bytes of a form with one displacement size; absent for those that are relaxed. */
  readonly opcode: readonly number[] | undefined;
  readonly condition: number | undefined;
  readonly size: 1 | 2 | 4;
  /** 67H or 66H that the form itself needs. */
  readonly prefix: { readonly address: boolean; readonly data: boolean };
}

const NONE = { address: false, data: false };
const LOOPS: Readonly<Record<string, number>> = { loopne: 0xe0, loopnz: 0xe0, loope: 0xe1, loopz: 0xe1, loop: 0xe2 };

/** The plan of a mnemonic that branches to an expression, or undefined when it is no such branch. */
export function branchPlan(name: string, mode: Mode): BranchPlan | undefined {
  const full = mode === 16 ? 2 : 4;
  const found = /^(jmp|call)([wlq]?)$/.exec(name);
  if (found !== null) {
    const { size, data } = branchSize(name, found[2]!, mode);
    return {
      opcode: found[1] === 'call' ? [0xe8] : undefined,
      condition: undefined,
      size,
      prefix: { address: false, data },
    };
  }
  if (name === 'xbegin') return { opcode: [0xc7, 0xf8], condition: undefined, size: full, prefix: NONE };
  const counted = /^j(e|r)?cxz$/.exec(name);
  if (counted !== null) {
    const bits = counted[1] === 'e' ? 32 : counted[1] === 'r' ? 64 : 16;
    if ((bits === 64) !== (mode === 64) && !(bits === 32 && mode === 64)) {
      throw new StatementError(`"${name}" does not exist in ${mode}-bit mode.`);
    }
    return { opcode: [0xe3], condition: undefined, size: 1, prefix: { address: bits !== mode, data: false } };
  }
  const loop = /^(loop(?:n?[ez])?)([wlq]?)$/.exec(name);
  if (loop !== null) {
    const bits = loop[2] === '' ? mode : loop[2] === 'w' ? 16 : loop[2] === 'l' ? 32 : 64;
    if (bits !== mode && (bits === 64 || (bits === 16 && mode === 64))) {
      throw new StatementError(`"${name}" does not exist in ${mode}-bit mode.`);
    }
    return {
      opcode: [LOOPS[loop[1]!]!],
      condition: undefined,
      size: 1,
      prefix: { address: bits !== mode, data: false },
    };
  }
  if (name[0] !== 'j') return undefined;
  const condition = conditionNumber(name.slice(1));
  return condition === undefined ? undefined : { opcode: undefined, condition, size: full, prefix: NONE };
}

function branchSize(name: string, suffix: string, mode: Mode): { size: 2 | 4; data: boolean } {
  const wanted = suffix === 'w' ? 16 : suffix === 'l' ? 32 : suffix === 'q' ? 64 : mode;
  if (mode === 64 ? wanted === 32 : wanted === 64)
    throw new StatementError(`"${name}" does not exist in ${mode}-bit mode.`);
  return { size: wanted === 16 ? 2 : 4, data: (wanted === 16) !== (mode === 16) };
}

/** Puts a direct branch into the chain: relaxed later, or with its displacement filled in then. */
export function emitBranch(plan: BranchPlan, target: Expression, prefixes: Prefixes, chain: Chain, place: Place): void {
  const rules = [...prefixes.rules];
  // An explicit data16 or data32 exchanges the size of a near displacement.
  const exchanged = plan.size > 1 && !plan.prefix.data && rules.some(({ slot }) => slot === SLOT.data);
  const size = exchanged ? (plan.size === 4 ? 2 : 4) : plan.size;
  if (plan.prefix.address && !rules.some(({ slot }) => slot === SLOT.address))
    rules.push({ byte: 0x67, slot: SLOT.address });
  if (plan.prefix.data && !rules.some(({ slot }) => slot === SLOT.data)) rules.push({ byte: 0x66, slot: SLOT.data });
  const front = rules.sort((a, b) => a.slot - b.slot).map(({ byte }) => byte);
  if (prefixes.rex !== undefined) front.push(prefixes.rex);
  if (plan.opcode === undefined) {
    chain.append(front);
    chain.finish({
      kind: 'branch',
      condition: plan.condition,
      target,
      longSize: size as 2 | 4,
      prefixes: [],
      long: false,
      place,
    });
    return;
  }
  chain.append([...front, ...plan.opcode]);
  const offset = chain.current.length;
  chain.append(new Uint8Array(size));
  chain.current.fixups.push({
    offset,
    size,
    expression: target,
    relativeTo: size,
    range: size === 2 ? 'wrap' : 'signed',
    place,
  });
}
