import { type LinearAddress, linear as toLinear } from '../addresses.ts';
import { CS, ENGINE, SEGMENT_NAMES, SS, STATE, type StateView, segment as segmentFields } from '../cpu/state.ts';
import type {
  CachedTranslation,
  EntryStep,
  SegmentedAddress,
  SegmentStep,
  TranslationAccess,
  TranslationExplanation,
  TranslationOutcome,
  TranslationRights,
} from './explanation.ts';
import type { HostMemory } from './hostMemory.ts';
import { RAM_BASE } from './map.ts';
import { effectiveType } from './memoryTypes.ts';
import { CR4_LA57, ENTRY_NAMES, levelShift, PAE, type PagingMode, pagingMode } from './pagingModes.ts';
import { type CachedEntry, type CachedStructure, cachedEntry, cachedStructure } from './tlbView.ts';
import { bitList, entryFlags, frameOf, mapsPage, reservedBits } from './translationEntries.ts';
import { accessBits, isWrite, protectionKey, refusal } from './translationRights.ts';

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const CR4_PCIDE = 1 << 17;
const CR4_PGE = 1 << 7;
const CR4_LAM_SUP = 1 << 28;
const EFER_LMA = 1 << 10;
const AR = { WRITABLE: 2, EXPAND_DOWN: 4, CODE: 8, LONG: 1 << 13, BIG: 1 << 14, UNUSABLE: 1 << 16 } as const;
const PDPTES = [STATE.pdpte0, STATE.pdpte1, STATE.pdpte2, STATE.pdpte3] as const;

const signExtend = (value: bigint, bits: number): bigint => BigInt.asUintN(64, BigInt.asIntN(bits, value));

/**
 * Follows a translation step by step for the debugger. Reads the state and RAM as they are and changes nothing: no
 * accessed bits, no TLB fill.
 */
export class TranslationExplainer {
  private readonly state: StateView;
  private readonly memory: HostMemory;

  constructor(state: StateView, memory: HostMemory) {
    this.state = state;
    this.memory = memory;
  }

  private code64(): boolean {
    const { state } = this;
    return (state.low(STATE.efer) & EFER_LMA) !== 0 && (state.get32(segmentFields(CS).attributes) & AR.LONG) !== 0;
  }

  /** @throws RangeError with one sentence for a segment that does not exist */
  explain(address: LinearAddress | SegmentedAddress, asked: TranslationAccess = {}): TranslationExplanation {
    const access: Required<TranslationAccess> = {
      kind: asked.kind ?? 'read',
      privilege: asked.privilege ?? (this.state.get32(STATE.cpl) === 3 ? 'user' : 'supervisor'),
    };
    const mode = pagingMode(this.state);
    const segmented = typeof address === 'bigint' ? undefined : this.segment(address, access);
    const linear = typeof address === 'bigint' ? address : toLinear(segmented!.step.linear);
    const start = {
      linear,
      access,
      mode: mode?.name ?? ('off' as const),
      ...(segmented ? { segment: segmented.step } : {}),
    };
    if (segmented?.refused) return { ...start, entries: [], outcome: segmented.refused, now: segmented.refused };
    const masked = this.mask(linear, access);
    const before = masked === linear ? start : { ...start, masked };
    const refused = this.canonical(mode, masked);
    if (refused) return { ...before, entries: [], outcome: refused, now: refused };
    return { ...before, ...(mode ? this.paged(mode, masked, access) : this.unpaged(masked)) };
  }

  /** Segmentation (SDM Vol. 3A §5.3): in 64-bit mode only FS and GS have a base, and nothing is checked. */
  private segment(
    { segment, offset }: SegmentedAddress,
    access: Required<TranslationAccess>,
  ): { step: SegmentStep; refused?: TranslationOutcome } {
    const name = segment.toLowerCase();
    const index = SEGMENT_NAMES.indexOf(name as (typeof SEGMENT_NAMES)[number]);
    if (index < 0 || index > 5) {
      throw new RangeError(`segment: there is no "${segment}"; known are cs, ss, ds, es, fs, gs.`);
    }
    const fields = segmentFields(index);
    const flat = this.code64();
    const base = flat && index < 4 ? 0n : this.state.get64(fields.base);
    const limit = BigInt(this.state.get32(fields.limit) >>> 0);
    const at = flat ? BigInt.asUintN(64, base + offset) : BigInt.asUintN(32, base + offset);
    const sentence = `${name.toUpperCase()} base ${hex(base)} + ${hex(offset)} = linear ${hex(at)}`;
    const step: SegmentStep = { segment: name, offset, base, limit, linear: at, sentence };
    const why = flat ? undefined : this.segmentRefuses(index, offset, access);
    if (!why) return { step };
    const refused: TranslationOutcome = {
      ok: false,
      vector: index === SS ? 12 : 13,
      errorCode: 0,
      refusedBy: 'segment',
      sentence: `${name.toUpperCase()}:${hex(offset)} is refused by segmentation: ${why}.`,
    };
    return { step, refused };
  }

  private segmentRefuses(index: number, offset: bigint, access: Required<TranslationAccess>): string | undefined {
    const { state } = this;
    const attributes = state.get32(segmentFields(index).attributes);
    const limit = BigInt(state.get32(segmentFields(index).limit) >>> 0);
    const code = (attributes & AR.CODE) !== 0;
    if (attributes & AR.UNUSABLE) return 'the segment is unusable';
    if (isWrite(access) && (code || !(attributes & AR.WRITABLE))) return 'the segment is not writable';
    if (access.kind === 'read' && code && !(attributes & AR.WRITABLE)) return 'the code segment is execute-only';
    if (!code && attributes & AR.EXPAND_DOWN) {
      const top = attributes & AR.BIG ? 0xffff_ffffn : 0xffffn;
      return offset <= limit || offset > top
        ? `outside the expand-down range ${hex(limit + 1n)}–${hex(top)}`
        : undefined;
    }
    return offset > limit ? `beyond the limit ${hex(limit)}` : undefined;
  }

  /** Linear-address masking (SDM Vol. 1 §3.3.7.2): data accesses in 64-bit mode. */
  private mask(address: bigint, access: Required<TranslationAccess>): bigint {
    const data = access.kind === 'read' || access.kind === 'write';
    if (!data || access.privilege === 'implicit' || !this.code64()) return address;
    const cr3High = this.state.high(STATE.cr3);
    const cr4 = this.state.low(STATE.cr4);
    const supervisor = address >> 63n === 1n;
    const bits = supervisor
      ? cr4 & CR4_LAM_SUP
        ? cr4 & CR4_LA57
          ? 57
          : 48
        : 64
      : cr3High & 0x2000_0000
        ? 57
        : cr3High & 0x4000_0000
          ? 48
          : 64;
    if (bits === 64) return address;
    return (signExtend(address, bits) & ~(1n << 63n)) | (address & (1n << 63n));
  }

  private canonical(mode: PagingMode | undefined, address: bigint): TranslationOutcome | undefined {
    if (!mode || mode.linearBits === 32 || signExtend(address, mode.linearBits) === address) return undefined;
    return {
      ok: false,
      vector: 13,
      errorCode: 0,
      refusedBy: 'canonical',
      bit: `63:${mode.linearBits - 1}`,
      sentence: `Linear address ${hex(address)} is not canonical: bits 63:${mode.linearBits - 1} differ with ${mode.name} paging.`,
    };
  }

  private unpaged(address: bigint): Pick<TranslationExplanation, 'entries' | 'memoryType' | 'outcome' | 'now'> {
    const physical = address & 0xffff_ffffn;
    const outcome: TranslationOutcome = {
      ok: true,
      physical,
      pageBytes: 0x1000,
      sentence: `Paging is off: linear ${hex(address)} is physical ${hex(physical)}.`,
    };
    return { entries: [], memoryType: this.memoryType(physical, -1), outcome, now: outcome };
  }

  private memoryType(physical: bigint, patIndex: number) {
    const found = effectiveType(this.state, Number(physical & 0xffff_ffffn), Number(physical >> 32n), patIndex);
    const pat = found.pat === undefined ? '' : ` and PAT entry ${patIndex} ${found.pat}`;
    const off = found.cacheDisabled ? ', and CR0.CD is 1' : '';
    return {
      type: found.type,
      mtrr: found.mtrr,
      ...(found.pat === undefined ? {} : { pat: found.pat, patIndex }),
      sentence: `${found.type}: the MTRRs say ${found.mtrr}${pat}${off}.`,
    };
  }

  private readEntry(mode: PagingMode, address: bigint): bigint {
    // Where no RAM answers, the bus reads as ones.
    const inRam = (address & ~7n) + 8n <= BigInt(this.memory.size);
    if (mode.entryBytes === 8) {
      return inRam ? this.state.view.getBigUint64(RAM_BASE + Number(address), true) : 0xffff_ffff_ffff_ffffn;
    }
    return inRam ? BigInt(this.state.view.getUint32(RAM_BASE + Number(address), true)) : 0xffff_ffffn;
  }

  private root(mode: PagingMode): NonNullable<TranslationExplanation['root']> {
    const cr3 = this.state.get64(STATE.cr3);
    const table =
      mode.entryBytes === 4
        ? cr3 & 0xffff_f000n
        : mode === PAE
          ? cr3 & 0xffff_ffe0n
          : cr3 & this.state.get64(ENGINE.maxPhysicalMask) & ~0xfffn;
    const pcid = this.state.low(STATE.cr4) & CR4_PCIDE ? Number(cr3 & 0xfffn) : undefined;
    const name = mode === PAE ? 'the PDPTE registers were loaded from' : `${ENTRY_NAMES[mode.levels - 1]}s at`;
    const sentence = `CR3 = ${hex(cr3)}: ${name} ${hex(table)}${pcid === undefined ? '' : `, PCID ${pcid}`}.`;
    return { cr3, table, ...(pcid === undefined ? {} : { pcid }), sentence };
  }

  private paged(mode: PagingMode, address: bigint, access: Required<TranslationAccess>) {
    const { state } = this;
    const linear = mode.linearBits === 32 ? address & 0xffff_ffffn : address;
    const root = this.root(mode);
    const walk = new Walk(state, mode, linear, access, (at) => this.readEntry(mode, at));
    const end = walk.run(root.table);
    const found = cachedEntry(state, linear);
    const structure = this.structure(mode, linear, walk.steps);
    const common = { root, entries: walk.steps, ...(structure ? { structure } : {}) };
    if ('refused' in end) {
      const cached = found ? this.cached(found, undefined, linear) : undefined;
      const now = this.now(found, cached, access, this.byStructure(mode, linear, access) ?? end.refused);
      return { ...common, ...(cached ? { cached } : {}), outcome: end.refused, now };
    }
    const { page, rights, key } = end;
    const physical = page.frame | (linear & BigInt(page.pageBytes! - 1));
    const keyStep = protectionKey(state, rights.user, key);
    const refused = refusal(state, rights, keyStep, access);
    const outcome: TranslationOutcome = refused
      ? walk.fault(refused.errorCode, refused.by, refused.bit, `is refused: ${refused.sentence}`)
      : {
          ok: true,
          physical,
          pageBytes: page.pageBytes!,
          sentence: `Linear ${hex(linear)} is physical ${hex(physical)}${this.whatIsThere(physical)}.`,
        };
    const cached = found ? this.cached(found, { physical, rights, key }, linear) : undefined;
    return {
      ...common,
      rights,
      key: keyStep,
      memoryType: this.memoryType(physical, patIndexOf(page)),
      ...(cached ? { cached } : {}),
      outcome,
      now: this.now(found, cached, access, this.byStructure(mode, linear, access) ?? outcome),
    };
  }

  /** The structure entry that a walk would start from, and whether the tables still agree with it. */
  private structure(
    mode: PagingMode,
    linear: bigint,
    steps: readonly EntryStep[],
  ): TranslationExplanation['structure'] {
    const held = cachedStructure(this.state, mode, linear);
    if (!held) return undefined;
    const name = ENTRY_NAMES[held.level - 1]!;
    const above = steps.filter((step) => step.address !== undefined && step.level >= held.level);
    const all = (bit: bigint) => above.every((step) => (step.raw & bit) !== 0n);
    const same =
      above.at(-1)?.level === held.level &&
      above.every((step) => (step.raw & 1n) !== 0n && step.reserved === 0n && !step.mapsPage) &&
      above.at(-1)!.frame === held.table &&
      held.writable === all(2n) &&
      held.user === all(4n) &&
      held.executable === above.every((step) => mode.entryBytes === 4 || step.raw >> 63n === 0n);
    const sentence = same
      ? `The processor holds the ${name}: a walk starts at the table at ${hex(held.table)}.`
      : `The processor still holds a ${name} that leads to the table at ${hex(held.table)}: the tables have changed and nothing invalidated it.`;
    return { name, table: held.table, stale: !same, sentence };
  }

  /** What a walk from the held structure entry comes to; undefined when it would begin again at the root. */
  private byStructure(
    mode: PagingMode,
    linear: bigint,
    access: Required<TranslationAccess>,
  ): TranslationOutcome | undefined {
    const held = cachedStructure(this.state, mode, linear);
    if (!held) return undefined;
    const end = new Walk(this.state, mode, linear, access, (at) => this.readEntry(mode, at)).run(held.table, held);
    if ('refused' in end) return undefined;
    const key = protectionKey(this.state, end.rights.user, end.key);
    if (refusal(this.state, end.rights, key, access)) return undefined;
    const physical = end.page.frame | (linear & BigInt(end.page.pageBytes! - 1));
    const sentence = `By the held ${ENTRY_NAMES[held.level - 1]}, linear ${hex(linear)} is physical ${hex(physical)}.`;
    return { ok: true, physical, pageBytes: end.page.pageBytes!, sentence };
  }

  private whatIsThere(physical: bigint): string {
    return physical < BigInt(this.memory.size) ? '' : ', outside RAM';
  }

  private cached(
    found: CachedEntry,
    tables: { physical: bigint; rights: TranslationRights; key: number } | undefined,
    linear: bigint,
  ): CachedTranslation {
    const physical = found.physical | (linear & BigInt(found.pageBytes - 1));
    const { rights, key } = found;
    const same =
      tables !== undefined &&
      tables.physical === physical &&
      tables.key === key &&
      (Object.keys(rights) as (keyof TranslationRights)[]).every(
        // A page written to since by another translation is only cleaner here.
        (name) => rights[name] === tables.rights[name] || (name === 'dirty' && !rights.dirty),
      );
    const sentence = same
      ? `The TLB holds the same translation.`
      : `The TLB still holds physical ${hex(physical)}: the tables have changed and nothing invalidated it.`;
    return { physical, pageBytes: found.pageBytes, rights, key, stale: !same, sentence };
  }

  /** An access that the cached translation refuses, or a write through a clean one, walks the tables again. */
  private now(
    found: CachedEntry | undefined,
    cached: CachedTranslation | undefined,
    access: Required<TranslationAccess>,
    outcome: TranslationOutcome,
  ): TranslationOutcome {
    if (!found || !cached?.stale) return outcome;
    if (isWrite(access) && !found.rights.dirty) return outcome;
    const key = protectionKey(this.state, found.rights.user, found.key);
    if (refusal(this.state, found.rights, key, access)) return outcome;
    const { physical, pageBytes, sentence } = cached;
    return { ok: true, physical, pageBytes, sentence };
  }
}

/** PAT, PCD and PWT of the entry that maps the page, as an index into IA32_PAT (SDM Vol. 3A §11.12.3). */
function patIndexOf(page: EntryStep): number {
  const set = (name: string) => page.flags.some((flag) => flag.name === name && flag.set);
  return (set('PAT') ? 4 : 0) | (set('PCD') ? 2 : 0) | (set('PWT') ? 1 : 0);
}

type WalkEnd = { refused: TranslationOutcome } | { page: EntryStep; rights: TranslationRights; key: number };

/** One walk down the tables, recording each entry. */
class Walk {
  readonly steps: EntryStep[] = [];
  private readonly state: StateView;
  private readonly mode: PagingMode;
  private readonly linear: bigint;
  private readonly access: Required<TranslationAccess>;
  private readonly read: (address: bigint) => bigint;

  constructor(
    state: StateView,
    mode: PagingMode,
    linear: bigint,
    access: Required<TranslationAccess>,
    read: (address: bigint) => bigint,
  ) {
    this.state = state;
    this.mode = mode;
    this.linear = linear;
    this.access = access;
    this.read = read;
  }

  fault(
    code: number,
    refusedBy: Extract<TranslationOutcome, { ok: false }>['refusedBy'],
    bit: string,
    why: string,
  ): TranslationOutcome {
    const errorCode = code | accessBits(this.state, this.access);
    const what = `${this.access.privilege} ${this.access.kind}`;
    const sentence = `The ${what} of ${hex(this.linear)} ${why}: #PF(0x${errorCode.toString(16)}).`;
    return { ok: false, vector: 14, errorCode, refusedBy, bit, sentence };
  }

  /** From the root, or from the table that a held structure entry leads to. */
  run(root: bigint, held?: CachedStructure): WalkEnd {
    const { mode, state, linear } = this;
    let table = root;
    if (mode === PAE && !held) {
      const index = Number(linear >> 30n);
      const raw = state.get64(PDPTES[index]!);
      const step = this.record(3, index, raw);
      if (!(raw & 1n)) return { refused: this.notPresent(step) };
      table = step.frame;
    }
    let rights: Pick<TranslationRights, 'writable' | 'user' | 'executable'> = held ?? {
      writable: true,
      user: true,
      executable: true,
    };
    for (let level = held ? held.level - 1 : mode.levels; ; level--) {
      const index = Number((linear >> BigInt(levelShift(mode, level))) & ((1n << BigInt(mode.indexBits)) - 1n));
      const address = table + BigInt(index * mode.entryBytes);
      const raw = this.read(address);
      const step = this.record(level, index, raw, address);
      if (!(raw & 1n)) return { refused: this.notPresent(step) };
      if (step.reserved) {
        const why = `is refused: the ${step.name} at ${hex(address)} has ${bitList(step.reserved)} set, which must be 0`;
        return { refused: this.fault(9, step.name, 'reserved', why) };
      }
      const above = rights;
      rights = {
        writable: above.writable && (raw & 2n) !== 0n,
        user: above.user && (raw & 4n) !== 0n,
        executable: above.executable && (mode.entryBytes === 4 || raw >> 63n === 0n),
      };
      if (step.mapsPage) {
        const dirty = (raw & 0x40n) !== 0n;
        const global = (raw & 0x100n) !== 0n && (state.low(STATE.cr4) & CR4_PGE) !== 0;
        const shadowStack = above.writable && !(raw & 2n) && dirty;
        const key = mode.entryBytes === 8 && mode !== PAE ? Number((raw >> 59n) & 15n) : 0;
        return { page: step, rights: { ...rights, shadowStack, global, dirty }, key };
      }
      table = step.frame;
    }
  }

  private notPresent(step: EntryStep): TranslationOutcome {
    const where = step.address === undefined ? `PDPTE register ${step.index}` : `${step.name} at ${hex(step.address)}`;
    return this.fault(0, step.name, 'P', `is refused: its ${where} is not present`);
  }

  private record(level: number, index: number, raw: bigint, address?: bigint): EntryStep {
    const { mode, state } = this;
    const name = ENTRY_NAMES[level - 1]!;
    const register = address === undefined;
    const flags = register
      ? [{ name: 'P', bit: 0, set: (raw & 1n) !== 0n, meaning: raw & 1n ? 'present' : 'not present' }]
      : entryFlags(mode, state, level, raw);
    const page = !register && mapsPage(mode, state, level, raw);
    const frame = register ? raw & 0x000f_ffff_ffff_f000n : frameOf(mode, state, level, raw);
    const present = (raw & 1n) !== 0n;
    const reserved = register || !present ? 0n : raw & reservedBits(mode, state, level, raw);
    const where = register ? `PDPTE register ${index}` : `${name} at ${hex(address)}`;
    const set = flags.filter((f) => f.set).map((f) => f.name);
    const leads = present ? `${page ? 'page' : 'table'} at ${hex(frame)}; ${set.join(' ')}` : 'not present';
    const step: EntryStep = {
      name,
      level,
      ...(register ? {} : { address }),
      index,
      raw,
      flags,
      frame,
      mapsPage: page,
      ...(page ? { pageBytes: 2 ** levelShift(mode, level) } : {}),
      reserved,
      sentence: `${where} = ${hex(raw)}: ${leads}${reserved ? `; reserved ${bitList(reserved)}` : ''}`,
    };
    this.steps.push(step);
    return step;
  }
}
