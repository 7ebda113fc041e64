import { compileExpression } from '../expressions/evaluate.ts';
import { shortHex } from '../expressions/format.ts';
import { ExpressionError } from '../expressions/tokens.ts';
import { RequestError } from './requestError.ts';
import type { SessionState } from './state.ts';

/**
 * Memory references. The canonical one of the linear address space is the shortest hex form, `0x100000`; of
 * guest-physical memory, the same after `phys:`. Any expression is accepted as well.
 */
export interface MemoryReference {
  readonly address: bigint;
  readonly physical: boolean;
}

const PHYSICAL = 'phys:';
const NUMBER = /^0x[0-9a-f]+$/i;

export const linearReference = (address: bigint): string => shortHex(address);
export const physicalReference = (address: bigint): string => `${PHYSICAL}${shortHex(address)}`;

/** Throws a RequestError for what is no address. */
export function resolveReference(state: SessionState, reference: unknown): MemoryReference {
  const parsed = typeof reference === 'string' ? parseReference(reference) : undefined;
  if (parsed !== undefined) return parsed;
  try {
    const { value } = compileExpression(String(reference)).evaluate(state.environment());
    return { address: BigInt.asUintN(64, value), physical: false };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new RequestError(`${JSON.stringify(reference)} is not a memory reference: ${error.message}`);
  }
}

/** Only the canonical forms; undefined for others. */
export function parseReference(reference: string): MemoryReference | undefined {
  const physical = reference.startsWith(PHYSICAL);
  const digits = physical ? reference.slice(PHYSICAL.length) : reference;
  if (!NUMBER.test(digits)) return undefined;
  return { address: BigInt.asUintN(64, BigInt(digits)), physical };
}
