import { STATE, type StateView } from './state.ts';

/**
 * What RDRAND and RDSEED give: xoshiro128++ (Blackman and Vigna), its 128 bits in the processor's state, seeded by the launch
 * configuration, so that a run repeats and a snapshot holds it.
 */
const words = (state: StateView): [number, number, number, number] => [
  state.low(STATE.random0),
  state.high(STATE.random0),
  state.low(STATE.random1),
  state.high(STATE.random1),
];

function store(state: StateView, [a, b, c, d]: readonly [number, number, number, number]): void {
  state.setHalves(STATE.random0, a, b);
  state.setHalves(STATE.random1, c, d);
}

/** @param seed any 32-bit number; its words come from splitmix32, which gives no four zeros */
export function seedRandom(state: StateView, seed: number): void {
  let mixed = seed >>> 0;
  const next = (): number => {
    mixed = (mixed + 0x9e3779b9) >>> 0;
    let x = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return (x ^ (x >>> 15)) >>> 0;
  };
  store(state, [next(), next(), next(), next()]);
}

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

/** The next 32 bits. */
export function randomWord(state: StateView): number {
  let [a, b, c, d] = words(state);
  const result = (rotate((a + d) | 0, 7) + a) >>> 0;
  const shifted = b << 9;
  c ^= a;
  d ^= b;
  b ^= c;
  a ^= d;
  c ^= shifted;
  d = rotate(d, 11);
  store(state, [a >>> 0, b >>> 0, c >>> 0, d >>> 0]);
  return result;
}
