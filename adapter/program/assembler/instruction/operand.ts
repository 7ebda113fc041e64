import type { Expression } from '../expression.ts';
import type { RegisterInfo } from './registers.ts';

interface Span {
  /** 0-based offsets in the logical line. */
  readonly start: number;
  readonly end: number;
}

export interface RegisterOperand extends Span {
  readonly kind: 'register';
  readonly register: RegisterInfo;
  /** AT&T `*%rax`. */
  readonly indirect: boolean;
}

export interface ImmediateOperand extends Span {
  readonly kind: 'immediate';
  readonly value: Expression;
}

export interface MemoryOperand extends Span {
  readonly kind: 'memory';
  readonly segment: RegisterInfo | undefined;
  readonly base: RegisterInfo | undefined;
  readonly index: RegisterInfo | undefined;
  readonly scale: 1 | 2 | 4 | 8;
  readonly displacement: Expression | undefined;
  /** Bytes that Intel's `dword ptr` names; undefined when nothing does. */
  readonly size: number | undefined;
  /** AT&T `*4(%rax)`, Intel brackets or `ptr`: a branch goes through memory. */
  readonly indirect: boolean;
  /** Intel `far ptr` or `fword ptr`; `near ptr` and `short`. */
  readonly distance: 'far' | 'near' | 'short' | undefined;
}

/** `ljmp $selector, $offset`, Intel `jmp selector:offset`. */
export interface FarOperand extends Span {
  readonly kind: 'far';
  readonly selector: Expression;
  readonly offset: Expression;
}

export type Operand = RegisterOperand | ImmediateOperand | MemoryOperand | FarOperand;

/** A bare expression: what a direct branch takes. */
export const isPlainExpression = (operand: Operand): operand is MemoryOperand =>
  operand.kind === 'memory' &&
  !operand.indirect &&
  operand.base === undefined &&
  operand.index === undefined &&
  operand.segment === undefined;
