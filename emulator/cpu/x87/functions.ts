import type { Core } from '../engine/core.ts';
import { DOUBLE, SINGLE } from '../softfloat/format.ts';
import { defineExtendedRound } from './extended.ts';
import {
  defineExtendedAdd,
  defineExtendedCompare,
  defineExtendedDivide,
  defineExtendedMultiply,
  defineExtendedSquareRoot,
} from './extendedArithmetic.ts';
import {
  defineExtendedFrom,
  defineExtendedFromInteger,
  defineExtendedRoundInteger,
  defineExtendedSettle,
  defineExtendedTo,
  defineExtendedToInteger,
} from './extendedConvert.ts';
import { defineX87Conclude, defineX87Operate, defineX87Push } from './operations.ts';

/** The shared functions of the x87 FPU. */
export function defineX87Functions(core: Core): void {
  const s = core.softfloat;
  defineExtendedRound(core, s.roundX);
  defineExtendedAdd(core, s.addX, s.roundX);
  defineExtendedMultiply(core, s.multiplyX, s.roundX);
  defineExtendedDivide(core, s.divideX, s.roundX);
  defineExtendedSquareRoot(core, s.squareRootX, s.roundX);
  defineExtendedCompare(core, s.compareX);
  defineExtendedRoundInteger(core, s.roundIntegerX);
  defineExtendedSettle(core, s.settleX);
  defineExtendedFrom(core, SINGLE, s.from32X);
  defineExtendedFrom(core, DOUBLE, s.from64X);
  defineExtendedFromInteger(core, s.fromIntegerX);
  defineExtendedTo(core, SINGLE, s.to32X);
  defineExtendedTo(core, DOUBLE, s.to64X);
  defineExtendedToInteger(core, s.toIntegerX);
  defineX87Conclude(core, s.concludeX87);
  defineX87Operate(core, s.operateX87);
  defineX87Push(core, s.pushX87);
}
