import { compute, type Expression } from './expression.ts';
import type { AsmSection } from './sections.ts';
import { type AsmSymbol, displayName } from './symbols.ts';

/** A value as layout sees it: a number plus section starts, each with a count (`a - b` in one section has none). */
export interface LinearValue {
  readonly sections: ReadonlyMap<AsmSection, number>;
  readonly value: bigint;
}

const NONE: ReadonlyMap<AsmSection, number> = new Map();

/** Why an expression has no value; `undefinedSymbols` names those that were never defined. */
export class ResolveError extends Error {
  readonly undefinedSymbols: readonly AsmSymbol[];
  constructor(message: string, undefinedSymbols: readonly AsmSymbol[] = []) {
    super(message);
    this.undefinedSymbols = undefinedSymbols;
  }
}

const fail = (message: string): never => {
  throw new ResolveError(message);
};

const DEEPEST = 1500;
const MOST_NODES = 200_000;
/** Nodes that the evaluation under way may still visit: shared terms can make a small tree long to walk. */
let budget = MOST_NODES;

/** Evaluates an expression over the fragments' present addresses. Throws {@link ResolveError}. */
export function resolve(expression: Expression): LinearValue {
  budget = MOST_NODES;
  return evaluate(expression, 0);
}

function evaluate(expression: Expression, depth: number): LinearValue {
  if (depth > DEEPEST || --budget < 0) fail('The expression is too large to evaluate.');
  switch (expression.kind) {
    case 'number':
      return { sections: NONE, value: expression.value };
    case 'symbol': {
      const modifier = expression.modifier;
      if (modifier !== undefined && modifier !== 'PLT' && modifier !== 'PC') {
        fail(
          `@${modifier} asks for a table that a linker makes; assemble and link this source with as and ld instead.`,
        );
      }
      const base = resolveSymbol(expression.symbol, depth + 1);
      return { sections: base.sections, value: base.value + expression.addend };
    }
    case 'unary': {
      const operand = evaluate(expression.operand, depth + 1);
      if (expression.operator === '-') return { sections: scale(operand.sections, -1), value: -operand.value };
      const value = absolute(operand, expression.operator);
      return { sections: NONE, value: expression.operator === '~' ? ~value : value === 0n ? 1n : 0n };
    }
    case 'binary': {
      const left = evaluate(expression.left, depth + 1);
      const right = evaluate(expression.right, depth + 1);
      const { operator } = expression;
      if (operator === '+')
        return { sections: merge(left.sections, right.sections, 1), value: left.value + right.value };
      if (operator === '-')
        return { sections: merge(left.sections, right.sections, -1), value: left.value - right.value };
      if (
        operator === '==' ||
        operator === '!=' ||
        operator === '<' ||
        operator === '<=' ||
        operator === '>' ||
        operator === '>='
      ) {
        const apart = merge(left.sections, right.sections, -1);
        if (apart.size > 0) {
          // Symbols of different sections are never equal; their order is not known before linking.
          if (operator === '==') return { sections: NONE, value: 0n };
          if (operator === '!=') return { sections: NONE, value: -1n };
          fail(`Symbols of different sections can't be compared with "${operator}".`);
        }
        return { sections: NONE, value: compute(operator, left.value, right.value, fail) };
      }
      return { sections: NONE, value: compute(operator, absolute(left, operator), absolute(right, operator), fail) };
    }
  }
}

function resolveSymbol(symbol: AsmSymbol, depth: number): LinearValue {
  if (symbol.label !== undefined) {
    const { chain, fragment, offset } = symbol.label;
    return { sections: new Map([[chain.section, 1]]), value: BigInt(fragment.address + offset) };
  }
  if (symbol.value !== undefined) {
    if (symbol.evaluating) fail(`The value of "${displayName(symbol)}" depends on itself.`);
    symbol.evaluating = true;
    try {
      return evaluate(symbol.value, depth);
    } finally {
      symbol.evaluating = false;
    }
  }
  // GAS leaves an undefined weak symbol to the linker, which gives it the value 0.
  if (symbol.binding === 'weak') return { sections: NONE, value: 0n };
  throw new ResolveError(`"${displayName(symbol)}" is not defined.`, [symbol]);
}

function absolute(value: LinearValue, operator: string): bigint {
  if (value.sections.size > 0)
    fail(`"${operator}" needs numbers; an address can only be added to, subtracted from or compared.`);
  return value.value;
}

function scale(sections: ReadonlyMap<AsmSection, number>, factor: number): ReadonlyMap<AsmSection, number> {
  return sections.size === 0 ? NONE : new Map([...sections].map(([section, count]) => [section, count * factor]));
}

function merge(
  a: ReadonlyMap<AsmSection, number>,
  b: ReadonlyMap<AsmSection, number>,
  factor: number,
): ReadonlyMap<AsmSection, number> {
  if (b.size === 0) return a;
  const result = new Map(a);
  for (const [section, count] of b) {
    const sum = (result.get(section) ?? 0) + count * factor;
    if (sum === 0) result.delete(section);
    else result.set(section, sum);
  }
  return result.size === 0 ? NONE : result;
}
