import { describe, expect, it } from 'vitest';
import type { Environment } from '../../../adapter/expressions/evaluate.ts';
import type { ProgramImage } from '../../../adapter/program/image.ts';
import { BreakpointStore } from '../../../adapter/session/breakpointStore.ts';
import { ProgramView } from '../../../adapter/session/programView.ts';

const PATH = '/guest.s';
const row = (address: bigint, line: number) => ({
  address,
  line,
  file: 0,
  column: 1,
  isStatement: true,
  endSequence: false,
});
const program = (lines: readonly number[]): ProgramView => {
  const end = 0x1000n + BigInt(lines.length) * 4n;
  const image: ProgramImage = {
    ...{ bits: 64, entry: 0x1000n, segments: [], sources: [PATH], frames: [], warnings: [] },
    sections: [{ name: '.text', address: 0x1000n, size: end - 0x1000n, executable: true, writable: false }],
    symbols: [{ name: 'start', address: 0x1000n, size: 0n, kind: 'label', global: true }],
    lines: [
      ...lines.map((line, index) => row(0x1000n + BigInt(index) * 4n, line)),
      { ...row(end, 0), endSequence: true },
    ],
  };
  return new ProgramView(image);
};

let rax = 0n;
const environment = (): Environment => ({
  register: (name) => (name === 'rax' ? { value: rax, bits: 64 } : undefined),
  symbol: () => undefined,
  read: () => 0n,
  pointerSize: 8,
  segmentBase: () => 0n,
});

describe('BreakpointStore', () => {
  it('keeps breakpoints pending until there is a program, and tells what changed then', () => {
    const store = new BreakpointStore();
    const [pending] = store.setLines(PATH, [{ line: 5 }], undefined);
    expect(pending).toMatchObject({ verified: false, reason: 'pending', line: 5 });
    expect([...store.addresses()]).toEqual([]);
    const changed = store.rebind(program([3, 5, 9]));
    expect(changed).toEqual([expect.objectContaining({ id: pending!.id, verified: true, line: 5 })]);
    expect([...store.addresses()]).toEqual([0x1004n]);
    expect(store.rebind(program([3, 5, 9]))).toEqual([]);
    expect(store.rebind(program([3, 9]))).toEqual([expect.objectContaining({ line: 9 })]);
  });

  it('counts hits only where the condition holds, anew for each program', () => {
    const store = new BreakpointStore();
    const view = program([3]);
    const [made] = store.setLines(PATH, [{ line: 3, condition: 'rax > 1', hitCondition: '2' }], view);
    const reach = (value: bigint) => {
      rax = value;
      return store.reached(0x1000n, environment).ids;
    };
    expect([reach(1n), reach(2n), reach(1n), reach(3n), reach(3n)]).toEqual([[], [], [], [made!.id], []]);
    store.rebind(view);
    expect([reach(2n), reach(2n)]).toEqual([[], [made!.id]]);
  });

  it('gives every breakpoint at an address its say', () => {
    const store = new BreakpointStore();
    const view = program([3]);
    const [byLine] = store.setLines(PATH, [{ line: 3 }], view);
    store.setFunctions([{ name: 'start', logMessage: 'here {rax:d}' }], view);
    rax = 4n;
    expect(store.reached(0x1000n, environment)).toEqual({ ids: [byLine!.id], logs: ['here 4'] });
  });

  it('replaces only the breakpoints of the same source', () => {
    const store = new BreakpointStore();
    const view = program([3, 4]);
    store.setLines(PATH, [{ line: 3 }], view);
    store.setLines('/other.s', [{ line: 3 }], view);
    store.setInstructions([{ address: 0x1004n }], view);
    expect([...store.addresses()]).toEqual([0x1000n, 0x1004n]);
    store.setLines(PATH, [], view);
    expect([...store.addresses()]).toEqual([0x1004n]);
  });
});
