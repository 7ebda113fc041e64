import type { Cursor } from '../cursor.ts';
import { type ExpressionContext, parseExpression } from '../expression.ts';
import type { Operand } from './operand.ts';
import { findRegister, type RegisterInfo } from './registers.ts';

/** Takes `%name` or `%st(3)`; fails when the name is no register. */
function parseRegister(cursor: Cursor): RegisterInfo {
  const start = cursor.position;
  cursor.position++;
  cursor.skipBlanks();
  const word = /^[A-Za-z0-9]*/.exec(cursor.text.slice(cursor.position, cursor.end))![0];
  cursor.position += word.length;
  let name = word.toLowerCase();
  if (name === 'st') {
    const index = /^\s*\(\s*([0-9])\s*\)/.exec(cursor.text.slice(cursor.position, cursor.end));
    if (index !== null) {
      name = `st(${index[1]})`;
      cursor.position += index[0].length;
    }
  }
  const register = findRegister(name);
  if (register === undefined) {
    const { position } = cursor;
    return cursor.fail(`"%${word}" is no register.`, Math.min(start, position));
  }
  return register;
}

const comesRegister = (cursor: Cursor): boolean => cursor.skipBlanks().peek() === '%';

/** Whether `(` here opens base and index, not a parenthesis of the displacement's expression. */
function opensAddress(cursor: Cursor): boolean {
  return cursor.peek() === '(' && /^\(\s*(%|,)/.test(cursor.text.slice(cursor.position, cursor.end));
}

/** One operand in AT&T syntax, up to the comma or the statement's end. */
export function parseAttOperand(cursor: Cursor, context: ExpressionContext): Operand {
  cursor.skipBlanks();
  const start = cursor.position;
  const indirect = cursor.take('*');
  if (cursor.take('$')) {
    const value = parseExpression(cursor, context);
    return { kind: 'immediate', value, start, end: cursor.position };
  }
  let segment: RegisterInfo | undefined;
  if (comesRegister(cursor)) {
    const register = parseRegister(cursor);
    if (register.class !== 'seg' || !cursor.take(':')) {
      return { kind: 'register', register, indirect, start, end: cursor.position };
    }
    segment = register;
    cursor.skipBlanks();
    if (cursor.take('*')) return finishMemory(cursor, context, start, segment, true);
  }
  return finishMemory(cursor, context, start, segment, indirect);
}

function finishMemory(
  cursor: Cursor,
  context: ExpressionContext,
  start: number,
  segment: RegisterInfo | undefined,
  indirect: boolean,
): Operand {
  cursor.skipBlanks();
  const displacement = opensAddress(cursor) ? undefined : parseExpression(cursor, context);
  let base: RegisterInfo | undefined;
  let index: RegisterInfo | undefined;
  let scale: 1 | 2 | 4 | 8 = 1;
  cursor.skipBlanks();
  if (cursor.peek() === '(') {
    cursor.position++;
    if (comesRegister(cursor)) base = parseRegister(cursor);
    if (cursor.take(',')) {
      if (comesRegister(cursor)) {
        index = parseRegister(cursor);
        if (cursor.take(',')) scale = parseScale(cursor, context);
      } else if (cursor.skipBlanks().peek() !== ')') {
        scale = parseScale(cursor, context);
      }
    }
    if (!cursor.take(')')) cursor.fail('Expected ")" after base, index and scale: disp(base, index, scale).');
  }
  return {
    kind: 'memory',
    segment,
    base,
    index,
    scale,
    displacement,
    size: undefined,
    indirect,
    distance: undefined,
    start,
    end: cursor.position,
  };
}

function parseScale(cursor: Cursor, context: ExpressionContext): 1 | 2 | 4 | 8 {
  cursor.skipBlanks();
  if (cursor.peek() === ')') return 1;
  const start = cursor.position;
  const expression = parseExpression(cursor, context);
  const value = expression.kind === 'number' ? Number(expression.value) : undefined;
  if (value === 1 || value === 2 || value === 4 || value === 8) return value;
  return cursor.fail('The scale must be 1, 2, 4 or 8.', start);
}
