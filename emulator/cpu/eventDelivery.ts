import type { PendingEvent } from '../api.ts';
import { commitDr6 } from './debugRegisters.ts';
import type { StepExports } from './engine/exports.ts';
import { EVENT } from './events.ts';
import { ENGINE, STATE, type StateView } from './state.ts';

/** From recorded event to handler: CR2 and DR6, double and triple faults (SDM Vol. 3A §7.15, Tables 7-4 and 7-5). */
const PAGE_FAULT = 14;
const DOUBLE_FAULT = 8;
const DEBUG = 1;
const CONTRIBUTORY = new Set([0, 10, 11, 12, 13, 21]);
/** #PF and #VE. */
const PAGE_FAULTS = new Set([14, 20]);
/** Events that are no exceptions, whatever their vector: benign for double faults, without CR2 or DR6. */
const NO_EXCEPTION: ReadonlySet<number> = new Set([EVENT.SOFTWARE, EVENT.EXTERNAL]);
const SOURCES = ['fault', 'trap', 'software', 'software', 'trap', 'external', 'fault'] as const;
const CP_CAUSES = ['', 'NEAR-RET', 'FAR-RET/IRET', 'ENDBRANCH', 'RSTORSSP', 'SETSSBSY'] as const;
export const VECTOR_NAMES =
  '#DE #DB NMI #BP #OF #BR #UD #NM #DF 9 #TS #NP #SS #GP #PF 15 #MF #AC #MC #XM #VE #CP'.split(' ');
export const vectorName = (vector: number): string => VECTOR_NAMES[vector] ?? `vector ${vector}`;

export function pendingEvent(state: StateView): PendingEvent {
  const vector = state.get32(STATE.eventVector);
  const error = state.get32(STATE.eventHasError) ? state.get32(STATE.eventError) : undefined;
  const cause = vector === 21 ? CP_CAUSES[(error ?? 0) & 0x7fff] : undefined;
  const values = state.get32(STATE.cpHasValues)
    ? { expected: state.get64(STATE.cpExpected), actual: state.get64(STATE.cpActual) }
    : {};
  return {
    vector,
    source: SOURCES[state.get32(STATE.eventKind)] ?? 'fault',
    ...(error === undefined ? {} : { errorCode: error }),
    ...(vector === PAGE_FAULT ? { cr2: state.get64(STATE.eventCr2) } : {}),
    ...(cause ? { controlProtection: { cause, ...values } } : {}),
  };
}

export function raiseTrap(state: StateView, vector: number, kind: number = EVENT.TRAP): void {
  state.set32(STATE.eventPending, 1);
  state.set32(STATE.eventVector, vector);
  state.set32(STATE.eventHasError, 0);
  state.set32(STATE.eventKind, kind);
}

/** A fault with an error code, found by TypeScript. */
export function raiseError(state: StateView, vector: number, errorCode: number): void {
  raiseTrap(state, vector, EVENT.FAULT);
  state.set32(STATE.eventHasError, 1);
  state.set32(STATE.eventError, errorCode);
}

export type Delivery =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'shutdown'; readonly sentence: string }
  | { readonly kind: 'unsupported'; readonly sentence: string };

const DELIVERED: Delivery = { kind: 'delivered' };

/** An event as it was when its delivery began; put into words only when the chain ends badly. */
interface Seen {
  readonly vector: number;
  readonly error: number | undefined;
  readonly cr2: readonly [low: number, high: number];
}

const seen = (state: StateView): Seen => ({
  vector: state.get32(STATE.eventVector),
  error: state.get32(STATE.eventHasError) ? state.get32(STATE.eventError) >>> 0 : undefined,
  cr2: [state.low(STATE.eventCr2), state.high(STATE.eventCr2)],
});

/** The event whose delivery `deliverInline` tried and that met the pending one. */
const failed = (state: StateView): Seen => ({
  vector: state.get32(ENGINE.failedVector),
  error: state.get32(ENGINE.failedHasError) ? state.get32(ENGINE.failedError) >>> 0 : undefined,
  cr2: [state.low(ENGINE.failedCr2), state.high(ENGINE.failedCr2)],
});

function describe({ vector, error, cr2 }: Seen): string {
  const code = error === undefined ? '' : `(0x${error.toString(16)})`;
  const address = (BigInt(cr2[1]) << 32n) | BigInt(cr2[0]);
  return vectorName(vector) + code + (vector === PAGE_FAULT ? ` at linear address 0x${address.toString(16)}` : '');
}

/** What comes of a second event while `first` was being delivered. */
function combine(first: number, second: number): 'double' | 'triple' | 'serial' {
  const grave = CONTRIBUTORY.has(second) || PAGE_FAULTS.has(second);
  if (first === DOUBLE_FAULT) return grave ? 'triple' : 'serial';
  if (CONTRIBUTORY.has(first) && CONTRIBUTORY.has(second)) return 'double';
  if (PAGE_FAULTS.has(first) && grave) return 'double';
  return 'serial';
}

/**
 * Delivers the pending event, and whatever its delivery raises.
 *
 * @param legacy delivery outside IA-32e mode; same result as `deliver64`, or a sentence
 * @param counted told of the event that reaches its handler
 */
export function deliverPending(
  state: StateView,
  exports: StepExports,
  legacy: () => 0 | 1 | string,
  counted: (vector: number, kind: number) => void,
): Delivery {
  const chain: Seen[] = [];
  for (let depth = 0; depth < 8; depth++) {
    const inhibited = state.get32(STATE.pendingDebug);
    const begun = state.get32(ENGINE.deliveryFailed) !== 0;
    const vector = state.get32(begun ? ENGINE.failedVector : STATE.eventVector);
    const kind = state.get32(begun ? ENGINE.failedKind : STATE.eventKind);
    const met = begun ? failed(state) : seen(state);
    state.set32(ENGINE.deliveryFailed, 0);
    if (!begun) {
      if (!NO_EXCEPTION.has(kind)) {
        if (vector === PAGE_FAULT) state.setHalves(STATE.cr2, state.low(STATE.eventCr2), state.high(STATE.eventCr2));
        if (vector === DEBUG) commitDr6(state);
      }
      const long = (state.low(STATE.efer) & 0x400) !== 0;
      const result = long ? exports.deliver64() : legacy();
      if (typeof result === 'string') return { kind: 'unsupported', sentence: result };
      if (result === 0) {
        state.set32(STATE.eventPending, 0);
        state.set32(STATE.cpHasValues, 0);
        counted(vector, kind);
        return DELIVERED;
      }
    }
    chain.push(met);
    // What a delivery that failed pushed has met no data breakpoint.
    state.set32(STATE.pendingDebug, vector === DEBUG && !NO_EXCEPTION.has(kind) ? 0 : inhibited);
    const next = state.get32(STATE.eventVector);
    const hardware = NO_EXCEPTION.has(kind) || kind === EVENT.SOFTWARE_EXCEPTION ? 'serial' : combine(vector, next);
    if (hardware === 'triple') {
      chain.push(seen(state));
      state.set32(STATE.eventPending, 0);
      state.set32(STATE.activity, 2);
      return {
        kind: 'shutdown',
        sentence: `The guest shut the processor down at RIP 0x${state.get64(STATE.rip).toString(16)}: ${chain.map(describe).join(', then in its delivery ')}.`,
      };
    }
    if (hardware === 'double') {
      chain.push(seen(state));
      state.set32(STATE.eventVector, DOUBLE_FAULT);
      state.set32(STATE.eventHasError, 1);
      state.set32(STATE.eventError, 0);
      state.set32(STATE.eventKind, EVENT.FAULT);
    }
  }
  return { kind: 'unsupported', sentence: `Event delivery does not end: ${chain.map(describe).join(', ')}.` };
}
