import { readableAt, writableAt } from '../../memory/access.ts';
import { PAGE_FLAGS_BASE, RAM_BASE } from '../../memory/map.ts';
import {
  add,
  and,
  eq,
  eqz,
  extendU,
  geU,
  gtU,
  type I32,
  type I64,
  i32,
  i64,
  leU,
  load8U,
  loadBits,
  ltU,
  mul,
  ne,
  or,
  select,
  shl,
  shrU,
  sub,
  wrap,
} from '../../wasm/expressions.ts';
import type { Local } from '../../wasm/functionBuilder.ts';
import type { Definition, Emitter } from '../engine/emitter.ts';
import { condition, DF, flagShift, shiftUp, subtractionBorrows } from '../flags.ts';
import { ES, get32, RAX, RCX, RDI, RSI, STATE } from '../state.ts';
import { setSized } from './registers.ts';

/**
 * SDM Vol. 2: MOVS, CMPS, STOS, LODS, SCAS, alone or repeated. The plain names are for 64-bit addresses without a
 * segment base; names ending in `.l` for every other address size and segment. A repeated instruction takes one step
 * an iteration and can stop between iterations.
 */
const SIZES = [8, 16, 32, 64] as const;

/** One string instruction's view of RSI, RDI and RCX. */
class StringAccess {
  readonly e: Emitter;
  private readonly legacy: boolean;
  private readonly addressMask: Local<'i64'> | undefined;
  /** ± the element size. */
  private readonly delta: Local<'i64'>;

  constructor(e: Emitter) {
    this.e = e;
    this.legacy = e.form.name.endsWith('.l');
    if (this.legacy) {
      this.addressMask = e.f.let(
        select(
          eq(e.addressBits(), i32(64)),
          i64(-1),
          select(eq(e.addressBits(), i32(32)), i64(0xffff_ffff), i64(0xffff)),
        ),
      );
    }
    const bytes = e.size / 8;
    this.delta = e.f.let(select(and(get32(STATE.rflags), i32(DF)), i64(-bytes), i64(bytes)));
  }

  private masked(value: I64): I64 {
    return this.addressMask ? and(value, this.addressMask) : value;
  }

  private linear(register: number, segment: I32, write: boolean): I64 {
    const { f, core } = this.e;
    const offset = this.masked(this.e.gpr(register));
    if (!this.legacy) return offset;
    const linear = f.let(f.call(core.segmentLinear, segment, offset, i32(this.e.size / 8), i32(write ? 1 : 0)));
    f.branchIf(and(eq(linear, i64(-1)), get32(STATE.eventPending)), this.e.fault);
    return linear;
  }

  readSource(): { value: Local<'i64'>; host: Local<'i32'> } {
    const host = readableAt(this.e, this.linear(RSI, this.e.segmentNumber(), false), this.e.size / 8, 0);
    return { value: this.e.f.let(loadBits(this.e.size, host)), host };
  }

  readDestination(): Local<'i64'> {
    return this.e.f.let(
      loadBits(this.e.size, readableAt(this.e, this.linear(RDI, i32(ES), false), this.e.size / 8, 0)),
    );
  }

  destination() {
    return writableAt(this.e, this.linear(RDI, i32(ES), true), this.e.size / 8, 0);
  }

  /** Writes an address register or the counter at the address size; 32 bits clear the upper half. */
  private set(register: number, value: I64): void {
    if (!this.addressMask) {
      this.e.setGpr(register, value);
      return;
    }
    const kept = select(eq(this.e.addressBits(), i32(16)), i64(~0xffffn), i64(0));
    this.e.setGpr(register, or(and(this.e.gpr(register), kept), and(value, this.addressMask)));
  }

  advance(register: number, elements: I64 = i64(1)): void {
    this.set(register, add(this.e.gpr(register), mul(this.delta, elements)));
  }

  count(): I64 {
    return this.masked(this.e.gpr(RCX));
  }

  countDown(by: I64): void {
    this.set(RCX, sub(this.e.gpr(RCX), by));
  }

  /** Whether many elements may move at once: no segment arithmetic and upward. */
  bulkAllowed(): boolean {
    return !this.legacy;
  }

  upward(): I32 {
    return eqz(and(get32(STATE.rflags), i32(DF)));
  }
}

function compare(e: Emitter, left: I64, right: I64): void {
  const a = e.f.let(shiftUp(left, e.size));
  const b = e.f.let(shiftUp(right, e.size));
  const result = e.f.let(sub(a, b));
  e.flags.set(result, subtractionBorrows(a, b, result), i32(flagShift(e.size)));
}

/**
 * How many elements from `host` on can be handled in one go after the current one was probed: within the page, within
 * the count, leaving a step for the last element. 0 when the page needs the slow path.
 */
function bulkCount(s: StringAccess, hosts: readonly Local<'i32'>[], written?: Local<'i32'>): Local<'i32'> {
  const { e } = s;
  const { f } = e;
  const shift = Math.log2(e.size / 8);
  // The last element is left to the plain iteration, which ends the instruction.
  const count = f.let(sub(select(gtU(s.count(), i64(0x10000)), i32(0x10000), wrap(s.count())), i32(1)));
  const limit = (value: I32) => f.set(count, select(ltU(value, count), value, count));
  limit(sub(e.stepsLeft(), i32(1)));
  for (const host of hosts) {
    limit(shrU(sub(i32(0x1000), and(host, i32(0xfff))), i32(shift)));
    f.if(ltU(host, i32(RAM_BASE)), () => f.set(count, i32(0)));
  }
  if (written) {
    f.if(geU(written, i32(RAM_BASE)), () => {
      f.if(load8U(shrU(sub(written, i32(RAM_BASE)), i32(12)), PAGE_FLAGS_BASE), () => f.set(count, i32(0)));
    });
  }
  f.if(eqz(s.upward()), () => f.set(count, i32(0)));
  return count;
}

function moveString(s: StringAccess): void {
  const { e } = s;
  const source = s.readSource();
  const site = s.destination();
  e.f.storeBits(e.size, site.host, source.value);
  site.commit();
  s.advance(RSI);
  s.advance(RDI);
}

function moveBulk(s: StringAccess): void {
  const { e } = s;
  const { f } = e;
  const shift = Math.log2(e.size / 8);
  f.if(gtU(s.count(), i64(8)), () => {
    const source = s.readSource();
    const site = s.destination();
    const count = bulkCount(s, [source.host, site.host], site.host);
    const bytes = f.let(shl(count, i32(shift)));
    // Bytes that a forward copy would read after writing must be copied one by one.
    const safe = or(leU(site.host, source.host), geU(site.host, add(source.host, bytes)));
    f.if(and(safe, gtU(count, i32(1))), () => {
      f.memoryCopy(site.host, source.host, bytes);
      s.advance(RSI, extendU(count));
      s.advance(RDI, extendU(count));
      s.countDown(extendU(count));
      e.takeSteps(count);
    });
  });
}

function storeString(s: StringAccess): void {
  const { e } = s;
  const site = s.destination();
  e.f.storeBits(e.size, site.host, e.gpr(RAX));
  site.commit();
  s.advance(RDI);
}

function storeBulk(s: StringAccess): void {
  const { e } = s;
  const { f } = e;
  const shift = Math.log2(e.size / 8);
  f.if(gtU(s.count(), i64(8)), () => {
    const site = s.destination();
    const count = bulkCount(s, [site.host], site.host);
    f.if(gtU(count, i32(1)), () => {
      // The first element, then the filled part doubles.
      f.storeBits(e.size, site.host, e.gpr(RAX));
      const total = f.let(shl(count, i32(shift)));
      const done = f.let(i32(e.size / 8));
      f.loop((again) => {
        const left = f.let(sub(total, done));
        const part = f.let(select(ltU(done, left), done, left));
        f.memoryCopy(add(site.host, done), site.host, part);
        f.set(done, add(done, part));
        f.branchIf(ltU(done, total), again);
      });
      s.advance(RDI, extendU(count));
      s.countDown(extendU(count));
      e.takeSteps(count);
    });
  });
}

function loadString(s: StringAccess): void {
  setSized(s.e, RAX, s.readSource().value, s.e.size);
  s.advance(RSI);
}

function compareStrings(s: StringAccess): void {
  const source = s.readSource().value;
  compare(s.e, source, s.readDestination());
  s.advance(RSI);
  s.advance(RDI);
}

function scanString(s: StringAccess): void {
  compare(s.e, s.e.gpr(RAX), s.readDestination());
  s.advance(RDI);
}

/** The instruction alone and under its prefixes; `until` is the condition code that lets REPE/REPNE go on. */
function family(
  name: string,
  prefixes: readonly { prefix: string; goOn?: number }[],
  iteration: (s: StringAccess) => void,
  bulk?: (s: StringAccess) => void,
): Definition[] {
  return ['', '.l'].flatMap((suffix): Definition[] => [
    { name: name + suffix, sizes: SIZES, shapes: [''], emit: (e) => iteration(new StringAccess(e)) },
    ...prefixes.map(
      ({ prefix, goOn }): Definition => ({
        name: `${prefix}.${name}${suffix}`,
        sizes: SIZES,
        shapes: [''],
        emit: (e) => {
          const { f } = e;
          const s = new StringAccess(e);
          f.if(eqz(eqz(s.count())), () => {
            f.loop((again) => {
              if (bulk && s.bulkAllowed()) bulk(s);
              iteration(s);
              s.countDown(i64(1));
              const more = ne(s.count(), i64(0));
              f.if(goOn === undefined ? more : and(more, condition(e.flags, goOn)), () => e.repeat(again));
            });
          });
          e.finish();
        },
      }),
    ),
  ]);
}

export const strings: readonly Definition[] = [
  ...family('movs', [{ prefix: 'rep' }], moveString, moveBulk),
  ...family('stos', [{ prefix: 'rep' }], storeString, storeBulk),
  ...family('lods', [{ prefix: 'rep' }], loadString),
  ...family(
    'cmps',
    [
      { prefix: 'repe', goOn: 4 },
      { prefix: 'repne', goOn: 5 },
    ],
    compareStrings,
  ),
  ...family(
    'scas',
    [
      { prefix: 'repe', goOn: 4 },
      { prefix: 'repne', goOn: 5 },
    ],
    scanString,
  ),
];
