import { beforeEach, describe, expect, it } from 'vitest';
import { hostPhysical } from '../../../../emulator/addresses.ts';
import { Guest } from './instructionLoop.ts';

const UD = { fault: 6 };
const NM = { fault: 7 };
const GP0 = { fault: 13, errorCode: 0 };
const XM = { fault: 19 };

const CR0 = 0x80010033n;
const CR0_EM = 4n;
const CR0_TS = 8n;
const CR4 = 0x620n;
const OSFXSR = 0x200n;
const OSXMMEXCPT = 0x400n;

const ADDPS = [0x0f, 0x58, 0xc1];
const PXOR = [0x66, 0x0f, 0xef, 0xc1];
const DATA = 0x30_0000n;
const UNMAPPED = 0x4000_0000n;
const ONES = 0x3f800000_3f800000_3f800000_3f800000n;
/** Instructions with [RAX] as their memory operand. */
const MOVAPS_LOAD = [0x0f, 0x28, 0x00];
const MOVAPS_STORE = [0x0f, 0x29, 0x00];
const MOVUPS_LOAD = [0x0f, 0x10, 0x00];
const ADDPD_LOAD = [0x66, 0x0f, 0x58, 0x00];
const ADDSS_LOAD = [0xf3, 0x0f, 0x58, 0x00];
const LDMXCSR = [0x0f, 0xae, 0x10];

describe('faults of SSE instructions', () => {
  let guest: Guest;
  const register = (name: string): bigint => guest.machine.readRegister(name);
  const write = (address: bigint, bytes: readonly number[]) =>
    guest.machine.writePhysical(hostPhysical(Number(address)), Uint8Array.from(bytes));
  beforeEach(() => {
    guest = new Guest();
    guest.set({ mxcsr: 0x1f80n, xmm0: ONES, xmm1: ONES });
  });

  it('raise #UD with CR0.EM or without CR4.OSFXSR, before #NM with CR0.TS', () => {
    for (const code of [ADDPS, PXOR, MOVAPS_LOAD, LDMXCSR]) {
      expect(guest.step(code, { rax: DATA })).toEqual({});
      expect(guest.step(code, { cr0: CR0 | CR0_TS })).toEqual(NM);
      expect(guest.step(code, { cr0: CR0 | CR0_TS | CR0_EM })).toEqual(UD);
      expect(guest.step(code, { cr0: CR0 | CR0_EM })).toEqual(UD);
      expect(guest.step(code, { cr0: CR0, cr4: CR4 & ~OSFXSR })).toEqual(UD);
      guest.set({ cr4: CR4, mxcsr: 0x1f80n });
    }
  });

  it('leave hints, fences and MOVNTI alone', () => {
    guest.set({ cr0: CR0 | CR0_TS | CR0_EM, cr4: CR4 & ~OSFXSR, rax: DATA, rcx: 0x12345678n });
    const hints = [
      [0xf3, 0x90],
      [0x0f, 0x18, 0x08],
      [0x0f, 0xae, 0xe8],
      [0x0f, 0xae, 0xf0],
      [0x0f, 0xae, 0xf8],
    ];
    for (const code of hints) expect(guest.step(code)).toEqual({});
    expect(guest.step([0x0f, 0xc3, 0x08])).toEqual({});
    expect(guest.machine.readPhysical(hostPhysical(Number(DATA)), 4).data).toEqual(
      Uint8Array.of(0x78, 0x56, 0x34, 0x12),
    );
  });

  it('require alignment of 16-byte operands where the SDM does', () => {
    for (const code of [MOVAPS_LOAD, MOVAPS_STORE, ADDPD_LOAD]) {
      expect(guest.step(code, { rax: DATA + 8n })).toEqual(GP0);
      expect(guest.step(code, { rax: DATA + 16n })).toEqual({});
    }
    expect(guest.step(MOVUPS_LOAD, { rax: DATA + 1n })).toEqual({});
    expect(guest.step(ADDSS_LOAD, { rax: DATA + 1n })).toEqual({});
    // Through SS it is #GP too.
    expect(guest.step([0x0f, 0x28, 0x04, 0x24], { rsp: DATA + 8n })).toEqual(GP0);
  });

  it('change nothing when memory faults', () => {
    for (const code of [MOVUPS_LOAD, ADDPD_LOAD, ADDSS_LOAD, LDMXCSR]) {
      expect(guest.step(code, { rax: UNMAPPED })).toEqual({ fault: 14, errorCode: 0 });
      expect([register('xmm0'), register('mxcsr')]).toEqual([ONES, 0x1f80n]);
    }
    expect(guest.step(MOVAPS_STORE, { rax: UNMAPPED })).toEqual({ fault: 14, errorCode: 2 });
  });

  it('set the flags and keep the destination on an unmasked exception: #XM, or #UD without CR4.OSXMMEXCPT', () => {
    // 1 + 2^-40 is inexact; then a signalling NaN in the next element comes before that.
    const tiny = 0x2b800000n;
    guest.set({ mxcsr: 0x0f80n, xmm1: tiny });
    expect(guest.step(ADDPS)).toEqual(XM);
    expect([register('xmm0'), register('mxcsr')]).toEqual([ONES, 0x0fa0n]);
    guest.set({ mxcsr: 0x0f00n, xmm1: tiny | (0x7f800001n << 32n) });
    expect(guest.step(ADDPS)).toEqual(XM);
    expect([register('xmm0'), register('mxcsr')]).toEqual([ONES, 0x0f01n]);
    expect(guest.step(ADDPS, { cr4: CR4 & ~OSXMMEXCPT })).toEqual(UD);
  });

  it('refuse reserved bits of MXCSR with #GP', () => {
    for (const [bytes, answer] of [
      [[0x80, 0x1f, 1, 0], GP0],
      [[0x80, 0x1f, 0, 0x80], GP0],
      [[0xc0, 0xff, 0, 0], {}],
    ] as const) {
      write(DATA, bytes);
      expect(guest.step(LDMXCSR, { rax: DATA })).toEqual(answer);
    }
    expect(register('mxcsr')).toBe(0xffc0n);
  });
});

describe('MASKMOVDQU', () => {
  const MASKMOVDQU = [0x66, 0x0f, 0xf7, 0xc1];
  const source = 0x0f0e0d0c0b0a09080706050403020100n;

  it('stores the bytes whose mask sign is set, also over a page boundary', () => {
    const guest = new Guest();
    const address = 0x300ff8;
    guest.machine.writePhysical(hostPhysical(address), new Uint8Array(16).fill(0xee));
    const mask = 0x80ff007f_80000000_00000080_ff0000ffn;
    expect(guest.step(MASKMOVDQU, { xmm0: source, xmm1: mask, rdi: BigInt(address) })).toEqual({});
    const stored = [...guest.machine.readPhysical(hostPhysical(address), 16).data];
    const expected = Array.from({ length: 16 }, (_, i) => ((mask >> BigInt(8 * i)) & 0x80n ? i : 0xee));
    expect(stored).toEqual(expected);
  });

  it('touches nothing with an empty mask', () => {
    const guest = new Guest();
    expect(guest.step(MASKMOVDQU, { xmm0: source, xmm1: 0n, rdi: UNMAPPED })).toEqual({});
    expect(guest.step(MASKMOVDQU, { xmm1: 0x80n, rdi: UNMAPPED })).toEqual({ fault: 14, errorCode: 2 });
  });
});

describe('RCPSS and RSQRTSS', () => {
  const guest = new Guest();
  const pattern = (x: number): number => new Uint32Array(Float32Array.of(x).buffer)[0]!;
  const value = (bits: number): number => new Float32Array(Uint32Array.of(bits).buffer)[0]!;
  const run = (opcode: number, bits: number): number => {
    guest.set({ xmm0: ONES, xmm1: BigInt(bits), mxcsr: 0x1f80n });
    expect(guest.step([0xf3, 0x0f, opcode, 0xc1])).toEqual({});
    expect([guest.machine.readRegister('mxcsr'), guest.machine.readRegister('xmm0') >> 32n]).toEqual([
      0x1f80n,
      ONES >> 32n,
    ]);
    return Number(guest.machine.readRegister('xmm0') & 0xffffffffn);
  };

  it('stay within the error that the SDM allows', () => {
    for (let bits = 0x00c00000; bits < 0x7e000000; bits += 0x00654321) {
      const x = value(bits);
      expect(Math.abs(value(run(0x53, bits)) * x - 1)).toBeLessThanOrEqual(1.5 * 2 ** -12);
      expect(Math.abs(value(run(0x52, bits)) * Math.sqrt(x) - 1)).toBeLessThanOrEqual(1.5 * 2 ** -12);
    }
  });

  it('answer zeros, denormals, infinities, negative values and NaNs as the SDM says', () => {
    const [inf, minusInf, nan] = [0x7f800000, 0xff800000, 0xffc00000];
    const table = [
      // operand, RCP, RSQRT
      [0, inf, inf],
      [0x80000000, minusInf, minusInf],
      [1, inf, inf],
      [0x80000001, minusInf, minusInf],
      [inf, 0, 0],
      [minusInf, 0x80000000, nan],
      [pattern(-4), pattern(-0.25), nan],
      [0x7f800001, 0x7fc00001, 0x7fc00001],
      [0x7f7fffff, 0, pattern(2 ** -64)],
    ] as const;
    for (const [operand, reciprocal, root] of table) {
      expect([run(0x53, operand), run(0x52, operand)], operand.toString(16)).toEqual([reciprocal, root]);
    }
  });
});
