import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readElf } from '../../../adapter/program/elf/read.ts';
import type { FrameDescription } from '../../../adapter/program/image.ts';
import { ProgramLookup } from '../../../adapter/program/lookup.ts';
import { registers32, registers64, type UnwindResult, unwindFrame } from '../../../adapter/program/unwind.ts';
import { unwindByCode } from '../../../adapter/program/unwind-code.ts';
import { hasGcc } from './elf/builds.ts';

const here = dirname(fileURLToPath(import.meta.url));

interface Chain {
  readonly frames: readonly { ip: string; exact: boolean; sp: string; saved: Record<string, string> }[];
  readonly stack: { base: string; bytes: string };
}

describe.skipIf(!hasGcc)('a chain that libgcc unwound in a running program (needs gcc)', () => {
  it('comes out the same, through alloca, a realigned frame, qsort and a signal', async () => {
    const cache = join(here, '../../../.cache/elf-tests');
    mkdirSync(cache, { recursive: true });
    const program = join(cache, 'chain');
    const source = join(here, 'sources/chain.c');
    execFileSync('gcc', ['-O2', '-g', '-static', '-no-pie', '-fno-pie', '-o', program, source]);
    const { frames, stack } = JSON.parse(execFileSync(program, { encoding: 'utf8' })) as Chain;
    expect(frames.filter(({ exact }) => exact)).toHaveLength(1);

    const { image, diagnostics } = await readElf(program, new Uint8Array(readFileSync(program)));
    expect(diagnostics).toEqual([]);
    const lookup = new ProgramLookup(image!);
    const memory = reader(BigInt(stack.base), bytesOf(stack.bytes));
    let registers = registersOf(frames[0]!);
    const names: (string | undefined)[] = [];
    for (const [index, expected] of frames.entries()) {
      const ip = registers.get(16)!;
      const address = expected.exact ? ip : ip - 1n;
      names.push(lookup.symbolAt(address)?.symbol.name);
      const frame = lookup.frameAt(address);
      expect(frame, `frame ${index}`).toBeDefined();
      // libgcc calls a frame exact when the frame below it is marked as a signal's.
      expect(frames[index + 1]?.exact ?? false, `frame ${index}`).toBe(frame!.signalFrame);
      const result = unwindFrame(frame!, address, registers, memory);
      const next = frames[index + 1];
      if (!next) {
        expect(result).toEqual({ kind: 'outermost' });
        break;
      }
      expect(
        result.kind,
        JSON.stringify(result, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
      ).toBe('caller');
      registers = (result as UnwindResult & { kind: 'caller' }).registers;
      const wanted = registersOf(next);
      for (const [number, value] of wanted)
        expect(registers.get(number), `frame ${index + 1}, register ${number}`).toBe(value);
    }
    const ours = names.filter((name) =>
      ['report', 'realigned', 'dynamic', 'recurse', 'compare', 'main', '_start'].includes(name!),
    );
    expect(ours.filter((name, index) => name !== ours[index - 1])).toEqual([
      ...['report', 'realigned', 'dynamic', 'recurse', 'compare', 'main', '_start'],
    ]);
  });
});

function registersOf({ ip, sp, saved }: Chain['frames'][number]): Map<number, bigint> {
  const registers = new Map(Object.entries(saved).map(([number, value]) => [Number(number), BigInt(value)]));
  return registers.set(16, BigInt(ip)).set(7, BigInt(sp));
}

function reader(base: bigint, bytes: Uint8Array): (address: bigint, size: number) => bigint | undefined {
  return (address, size) => {
    const at = Number(address - base);
    if (at < 0 || at + size > bytes.length) return undefined;
    return bytes.subarray(at, at + size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  };
}

const bytesOf = (hexadecimal: string) =>
  Uint8Array.from(hexadecimal.match(/../g)!, (pair) => Number.parseInt(pair, 16));

/** 64-bit words from `base` on. */
const words = (base: bigint, ...values: bigint[]) => reader(base, new Uint8Array(BigUint64Array.from(values).buffer));

const frame = (row: Partial<FrameDescription['rows'][number]>): FrameDescription => ({
  start: 0x1000n,
  end: 0x1100n,
  returnRegister: 16,
  signalFrame: false,
  rows: [{ address: 0x1000n, cfa: { kind: 'register', register: 7, offset: 8n }, registers: new Map(), ...row }],
});

describe('what tables cannot say', () => {
  const start = new Map([
    [7, 0x8000n],
    [16, 0x1010n],
  ]);

  it('an unreadable stack', () => {
    const rules = frame({ registers: new Map([[16, { kind: 'offset', offset: -8n }]]) });
    expect(unwindFrame(rules, 0x1010n, start, () => undefined)).toEqual({
      kind: 'unknown',
      reason: 'The saved register 16 at 0x8000 cannot be read.',
    });
  });

  it('a base that was not kept', () => {
    const rules = frame({ cfa: { kind: 'register', register: 6, offset: 16n } });
    expect(unwindFrame(rules, 0x1010n, start, () => 0n)).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('register 6'),
    });
  });

  it('a row without a return address, and an address before the rows', () => {
    expect(unwindFrame(frame({}), 0x1010n, start, () => 0n)).toMatchObject({ kind: 'unknown' });
    expect(unwindFrame(frame({ address: 0x1020n }), 0x1010n, start, () => 0n)).toMatchObject({
      kind: 'unknown',
      reason: 'No unwind row covers 0x1010.',
    });
  });

  it('a register whose expression fails is unknown, the others are not', () => {
    const registers = new Map([
      [16, { kind: 'offset', offset: -8n }],
      [3, { kind: 'expression', bytes: Uint8Array.of(0xe0) }],
    ] as const);
    const result = unwindFrame(frame({ registers }), 0x1010n, new Map([...start, [3, 1n]]), words(0x8000n, 0x2222n));
    expect(result).toMatchObject({ kind: 'caller', cfa: 0x8008n, returnSlot: 0x8000n });
    const caller = (result as UnwindResult & { kind: 'caller' }).registers;
    expect(caller.get(16)).toBe(0x2222n);
    expect(caller.has(3)).toBe(false);
  });
});

describe('code without tables', () => {
  const functionStart = 0x1000n;
  const stack = 0x8000n;
  const isCode = (address: bigint) => address >= 0x1000n && address < 0x3000n;

  /** Code at 0x1000, stack words at 0x8000. */
  function unwind(code: string, at: number, rbp: bigint, stackWords: bigint[], innermost = true) {
    const codeMemory = reader(functionStart, bytesOf(code));
    const stackMemory = words(stack, ...stackWords);
    const registers = new Map([
      [7, stack],
      [6, rbp],
      [16, functionStart + BigInt(at)],
    ]);
    const memory = (address: bigint, size: number) => codeMemory(address, size) ?? stackMemory(address, size);
    const result = unwindByCode({ names: registers64, registers, memory, functionStart, isCode, innermost });
    if (result.kind !== 'caller') return result.kind === 'unknown' ? result.reason : result.kind;
    const { registers: caller, how } = result;
    return { ip: caller.get(16), sp: caller.get(7), rbp: caller.get(6), how };
  }

  // endbr64; push rbp; mov rbp, rsp; nop; pop rbp; ret
  const framed = 'f30f1efa554889e5905dc3';

  it.each([
    ['at its first instruction', 0, 0x77n, [0x2000n], { ip: 0x2000n, sp: 0x8008n, rbp: 0x77n, how: 'code' }],
    ['after endbr64', 4, 0x77n, [0x2000n], { ip: 0x2000n, sp: 0x8008n, rbp: 0x77n, how: 'code' }],
    ['after push rbp', 5, 0x77n, [0x77n, 0x2000n], { ip: 0x2000n, sp: 0x8010n, rbp: 0x77n, how: 'code' }],
    [
      'in its body',
      8,
      0x8008n,
      [1n, 0x9000n, 0x2000n],
      { ip: 0x2000n, sp: 0x8018n, rbp: 0x9000n, how: 'frame-pointer' },
    ],
    ['at pop rbp; ret', 9, 0x8000n, [0x9000n, 0x2000n], { ip: 0x2000n, sp: 0x8010n, rbp: 0x9000n, how: 'code' }],
    ['at ret', 10, 0x9000n, [0x2000n], { ip: 0x2000n, sp: 0x8008n, rbp: 0x9000n, how: 'code' }],
  ] as const)('%s', (_where, at, rbp, stackWords, expected) => {
    expect(unwind(framed, at, rbp, [...stackWords])).toEqual(expected);
  });

  it.each([
    ['no code at the return address', 0, 0n, [0x4000n], 'no code is there'],
    ['no frame pointer', 8, 0n, [0n], 'no frame pointer is set'],
    ['an odd frame pointer', 8, 0x8001n, [0n], 'is not aligned'],
    ['a frame pointer below the stack', 8, 0x7000n, [0n], 'does not point into the stack'],
    ['a frame pointer far away', 8, 0x80_0000n, [0n], 'does not point into the stack'],
    ['an unreadable frame', 8, 0x8100n, [0n], 'cannot be read'],
    ['a chain that leads back', 8, 0x8008n, [0n, 0x8000n, 0x2000n], 'does not lead upward'],
    ['a frame without a return address', 8, 0x8008n, [0n, 0x9000n, 0x9000n], 'is not the address of code'],
  ] as const)('%s', (_what, at, rbp, stackWords, reason) => {
    expect(unwind(framed, at, rbp, [...stackWords])).toContain(reason);
  });

  it('does not take the frame pointer of a function that set none', () => {
    // sub rsp, 8; nop; ret
    expect(unwind('4883ec0890c3', 4, 0x8008n, [1n, 0x9000n, 0x2000n])).toContain(
      'the function at 0x1000 saves no frame pointer',
    );
  });

  it('does not read code before a call for the innermost frame', () => {
    // A caller whose return address is a RET: its own frame is still up.
    expect(unwind(framed, 10, 0x8008n, [0x2000n, 0x9000n, 0x2004n], false)).toMatchObject({
      ip: 0x2004n,
      how: 'frame-pointer',
    });
  });

  it('reads 4-byte words on i386', () => {
    const bytes = new Uint8Array(Uint32Array.of(0x9000, 0x2000).buffer);
    const registers = new Map([
      [4, 0x8000n],
      [5, 0x8000n],
      [8, 0x1004n],
    ]);
    const result = unwindByCode({
      names: registers32,
      registers,
      memory: reader(0x8000n, bytes),
      isCode,
      innermost: false,
    });
    expect(result).toMatchObject({ kind: 'caller', cfa: 0x8008n, returnSlot: 0x8004n, how: 'frame-pointer' });
  });
});
