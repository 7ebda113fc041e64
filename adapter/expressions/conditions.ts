import { compile, compileExpression, type Environment } from './evaluate.ts';
import { formatValue } from './format.ts';
import { ExpressionError } from './tokens.ts';

export type Predicate = (environment: Environment) => boolean;

/** A breakpoint's condition. Throws an ExpressionError when it does not parse, is an assignment, or names a format. */
export function compileCondition(text: string): Predicate {
  const { parsed, evaluate } = compileExpression(text);
  if (parsed.assigned !== undefined) throw new ExpressionError("A condition compares with '==', '=' would assign.");
  if (parsed.format !== undefined) throw new ExpressionError('A condition takes no format.');
  return (environment) => evaluate(environment).value !== 0n;
}

const HIT = /^\s*(==|=|>=|>|<=|<|%)?\s*(\d+)\s*$/;

/** `5` and `== 5`: the fifth hit; `> 5`, `>= 5`, `< 5`, `<= 5`: as they say; `% 5`: every fifth. */
export function compileHitCondition(text: string): (hits: number) => boolean {
  const match = HIT.exec(text);
  if (match === null) {
    throw new ExpressionError(`The hit condition '${text}' is not a count, optionally after one of == > >= < <= %.`);
  }
  const count = Number(match[2]);
  switch (match[1]) {
    case '>':
      return (hits) => hits > count;
    case '>=':
      return (hits) => hits >= count;
    case '<':
      return (hits) => hits < count;
    case '<=':
      return (hits) => hits <= count;
    case '%':
      if (count === 0) throw new ExpressionError("The hit condition '% 0' never holds; a count above 0 is expected.");
      return (hits) => hits % count === 0;
    default:
      return (hits) => hits === count;
  }
}

/** A logpoint's message: text with expressions in braces, `{rax:d}`; `\{` is a brace. */
export function compileLogMessage(text: string): (environment: Environment) => string {
  const parts: (string | ((environment: Environment) => string))[] = [];
  const pattern = /\\([{}\\])|\{([^}]*)\}|([^{\\]+|.)/gs;
  for (const [, escaped, expression, literal] of text.matchAll(pattern)) {
    if (expression === undefined) {
      parts.push(escaped ?? literal ?? '');
      continue;
    }
    const { parsed } = compileExpression(expression);
    if (parsed.assigned !== undefined) throw new ExpressionError('A log message cannot assign.');
    const evaluate = compile(parsed.node);
    parts.push((environment) => {
      try {
        return formatValue(evaluate(environment), parsed.format);
      } catch (error) {
        if (error instanceof ExpressionError) return `<${error.message}>`;
        throw error;
      }
    });
  }
  return (environment) => parts.map((part) => (typeof part === 'string' ? part : part(environment))).join('');
}
