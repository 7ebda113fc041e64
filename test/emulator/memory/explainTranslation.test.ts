/** The translation explainer: against the machine over random tables, and in its words. */
import { describe, expect, it } from 'vitest';
import { hostPhysical, linear } from '../../../emulator/addresses.ts';
import type { TranslationAccess, TranslationExplanation } from '../../../emulator/api.ts';
import { Machine } from '../../../emulator/machine.ts';
import { random } from '../guest.ts';
import { A, D, G, key, NX, P, PS, physical64, put64, RW, Tables, US } from '../tables.ts';

const CODE_S = 0x40_0000n;
const CODE_U = 0x50_0000n;
const TARGET = 0x80_4020_1000n;
const PAGE = 0x10_0000n;
const CODE = { read: [0x8a, 0x18], write: [0x88, 0x18], fetch: [0xff, 0xe0] } as const;

const create = () => Machine.create({ cpu: 'tigerlake', memoryBytes: 4 << 20 });

function prepare(cpl: 0 | 3, kind: keyof typeof CODE = 'read', machine = create()) {
  const tables = new Tables(machine);
  tables.map(CODE_S, 0x8000n, P | A);
  tables.map(CODE_U, 0x8000n, P | A | US);
  tables.map(TARGET, PAGE, P | RW | US);
  machine.writePhysical(hostPhysical(0x8000), Uint8Array.from(CODE[kind]));
  machine.writePhysical(hostPhysical(Number(PAGE)), Uint8Array.of(0x90, 0x90));
  const set = (name: string, value: bigint) => expect(machine.writeRegister(name, value)).toBeUndefined();
  set('cr3', tables.root);
  set('cr4', 0x6a0n);
  set('efer', 0xd01n);
  set('cr0', 0x8001_0033n);
  set('cs', cpl === 3 ? 0x33n : 8n);
  set('cs.base', 0n);
  set('cs.attributes', cpl === 3 ? 0xa0fbn : 0xa09bn);
  set('ss.attributes', cpl === 3 ? 0xc0f3n : 0xc093n);
  set('rflags', 2n);
  set('rax', TARGET);
  set('rip', cpl === 3 ? CODE_U : CODE_S);
  machine.setExceptionStops(-1);
  return { machine, tables, set };
}

const explain = (machine: Machine, access?: TranslationAccess): TranslationExplanation =>
  machine.explainTranslation(linear(TARGET), access);

describe('the translation explainer', () => {
  it('agrees with the machine over random tables, rights and control registers', () => {
    const below = random(0x51ab);
    const seen = new Map<string, number>();
    const bits = [P, P, P, P, RW, RW, US, US, A, D, PS, G, NX, 1n << 13n, 1n << 40n, 1n << 45n, 1n << 55n];
    const only = create();
    for (let round = 0; round < 800; round++) {
      only.reset();
      const cpl = below(2) ? 3 : 0;
      const kind = (['read', 'write', 'fetch'] as const)[below(3)]!;
      const { machine, tables, set } = prepare(cpl, kind, only);
      const level = 1 + below(4);
      const at = tables.entry(TARGET, level);
      let value = physical64(machine, at);
      for (let i = below(4); i > 0; i--) value ^= bits[below(bits.length)]!;
      put64(machine, at, value | key(BigInt(below(2))));
      const cr4 = 0x6a0n | (BigInt(below(2)) << 20n) | (BigInt(below(2)) << 21n) | (BigInt(below(2)) << 22n);
      set('cr4', cr4);
      set('efer', 0x501n | (BigInt(below(2)) << 11n));
      set('cr0', 0x8000_0033n | (BigInt(below(2)) << 16n));
      set('rflags', 2n | (BigInt(below(2)) << 18n));
      set('pkru', BigInt(below(16)));
      const hash = () => (round % 50 === 0 ? machine.stateHash() : '');
      const before = hash();
      const explained = explain(machine, { kind });
      expect(hash(), 'nothing has changed').toBe(before);
      const exit = machine.run(kind === 'fetch' ? 2 : 1);
      const { outcome } = explained;
      const found =
        exit.kind === 'exception'
          ? `${exit.event.vector}:${exit.event.errorCode}`
          : exit.kind === 'budget'
            ? 'ok'
            : '?';
      // The instruction's own fetch may be refused by SMEP first; that page is another one's matter.
      if (exit.kind === 'exception' && exit.event.cr2 !== TARGET) continue;
      const told = outcome.ok ? 'ok' : `${outcome.vector}:${outcome.errorCode}`;
      const outside = outcome.ok && outcome.physical >= 4n << 20n;
      // Elsewhere lies code that may fault by itself.
      if (kind === 'fetch' && outcome.ok && outcome.physical !== PAGE) continue;
      expect(told, round.toString()).toBe(found);
      if (outcome.ok && !outside && kind === 'read') {
        const { data } = machine.readPhysical(hostPhysical(Number(outcome.physical)), 1);
        expect(machine.readRegister('bl')).toBe(BigInt(data[0]!));
      }
      seen.set(told, (seen.get(told) ?? 0) + 1);
    }
    // The rounds came by each kind of end.
    for (const end of ['ok', '14:0', '14:1', '14:3', '14:5', '14:7', '14:9', '14:17', '14:21', '14:37']) {
      expect([...seen.keys()]).toContain(end);
    }
  });

  it('tells each entry from the root down', () => {
    const { machine, tables } = prepare(0);
    const { entries, mode, root, rights, memoryType, outcome } = explain(machine);
    expect(mode).toBe('4-level');
    expect(root?.table).toBe(tables.root);
    expect(entries.map((e) => e.name)).toEqual(['PML4E', 'PDPTE', 'PDE', 'PTE']);
    expect(entries.map((e) => e.address)).toEqual([4, 3, 2, 1].map((level) => tables.entry(TARGET, level)));
    expect(entries.map((e) => e.mapsPage)).toEqual([false, false, false, true]);
    expect(entries[3]!.raw).toBe(PAGE | P | RW | US);
    expect(entries[3]!.flags.filter((f) => f.set).map((f) => f.name)).toEqual(['P', 'R/W', 'U/S']);
    expect(rights).toEqual({
      writable: true,
      user: true,
      executable: true,
      shadowStack: false,
      global: false,
      dirty: false,
    });
    expect(memoryType).toMatchObject({ pat: 'WB', patIndex: 0 });
    expect(outcome).toMatchObject({ ok: true, physical: PAGE, pageBytes: 0x1000 });
  });

  it('names the entry and the bit that refuse', () => {
    const { machine, tables, set } = prepare(0);
    tables.map(TARGET, PAGE, P);
    expect(explain(machine, { kind: 'write' }).outcome).toMatchObject({
      ok: false,
      vector: 14,
      errorCode: 3,
      refusedBy: 'rights',
      bit: 'R/W',
      sentence: 'The supervisor write of 0x8040201000 is refused: R/W is 0 on the way and CR0.WP is 1: #PF(0x3).',
    });
    put64(machine, tables.entry(TARGET, 2), 0n);
    expect(explain(machine).outcome).toMatchObject({ ok: false, errorCode: 0, refusedBy: 'PDE', bit: 'P' });
    put64(machine, tables.entry(TARGET, 2), P | (1n << 45n));
    expect(explain(machine).outcome).toMatchObject({ ok: false, errorCode: 9, refusedBy: 'PDE', bit: 'reserved' });
    expect(explain(machine).entries.at(-1)!.reserved).toBe(1n << 45n);
    set('cr0', 0x11n);
    expect(explain(machine)).toMatchObject({ mode: 'off', outcome: { ok: true, physical: TARGET & 0xffff_ffffn } });
  });

  it('shows the translation that the TLB still holds', () => {
    const { machine, tables } = prepare(0);
    expect(explain(machine).cached).toBeUndefined();
    machine.run(1);
    expect(explain(machine)).toMatchObject({ cached: { stale: false, physical: PAGE }, now: { physical: PAGE } });
    put64(machine, tables.entry(TARGET, 1), 0x11_0000n | P | RW);
    expect(explain(machine)).toMatchObject({
      cached: { stale: true, physical: PAGE },
      outcome: { ok: true, physical: 0x11_0000n },
      now: { ok: true, physical: PAGE },
    });
    // A write needs D, which the old translation does not have: it walks.
    expect(explain(machine, { kind: 'write' }).now).toMatchObject({ ok: true, physical: 0x11_0000n });
  });

  it('goes through a segment', () => {
    const { machine, set } = prepare(0);
    set('fs.base', TARGET - 0x10n);
    const through = machine.explainTranslation({ segment: 'FS', offset: 0x18n });
    expect(through).toMatchObject({ linear: TARGET + 8n, outcome: { physical: PAGE + 8n } });
    expect(through.segment?.sentence).toBe('FS base 0x8040200ff0 + 0x18 = linear 0x8040201008');
    set('efer', 1n);
    set('cs.attributes', 0xc09bn);
    set('ds.limit', 0xfffn);
    set('ds.attributes', 0xc093n);
    expect(machine.explainTranslation({ segment: 'ds', offset: 0x1000n }).outcome).toEqual({
      ok: false,
      vector: 13,
      errorCode: 0,
      refusedBy: 'segment',
      sentence: 'DS:0x1000 is refused by segmentation: beyond the limit 0xfff.',
    });
    expect(() => machine.explainTranslation({ segment: 'zs', offset: 0n })).toThrow(
      'segment: there is no "zs"; known are cs, ss, ds, es, fs, gs.',
    );
  });

  it('refuses what is not canonical', () => {
    const { machine } = prepare(0);
    expect(machine.explainTranslation(linear(0x8000_0000_0000n)).outcome).toMatchObject({
      ok: false,
      vector: 13,
      refusedBy: 'canonical',
    });
  });
});
