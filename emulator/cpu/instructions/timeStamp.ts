import { add, and, divU, eqz, extendU, i32, i64, mul, ne, shrU, sub, wrap } from '../../wasm/expressions.ts';
import type { Definition } from '../engine/emitter.ts';
import { ENGINE, get32, get64, RAX, RDX, STATE } from '../state.ts';

const GP = 13;
const CR4_TSD = 4;

/**
 * RDTSC (SDM Vol. 2): machine time at the profile's frequency, in whole numbers as `TimeStampRate.timeStamp` has it,
 * plus IA32_TSC_ADJUST.
 */
export const timeStamp: readonly Definition[] = [
  {
    name: 'rdtsc',
    sizes: [0],
    shapes: [''],
    emit: (e) => {
      const { f } = e;
      const refused = and(eqz(eqz(get32(STATE.cpl))), ne(and(wrap(get64(STATE.cr4)), i32(CR4_TSD)), i32(0)));
      f.if(refused, () => e.raise(GP, 0));
      const time = f.let(sub(get64(ENGINE.timeAtEnd), extendU(e.stepsLeft())));
      const numerator = f.let(get64(ENGINE.tscNumerator));
      const denominator = f.let(get64(ENGINE.tscDenominator));
      const whole = f.let(divU(time, denominator));
      const part = divU(mul(sub(time, mul(whole, denominator)), numerator), denominator);
      const ticks = f.let(add(add(mul(whole, numerator), part), get64(STATE.tscOffset)));
      e.setGpr(RAX, and(ticks, i64(0xffff_ffff)));
      e.setGpr(RDX, shrU(ticks, i64(32)));
    },
  },
];
