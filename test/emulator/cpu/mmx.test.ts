import { beforeEach, describe, expect, it } from 'vitest';
import { hostPhysical } from '../../../emulator/addresses.ts';
import { CONTEXT } from '../../../emulator/cpu/context.ts';
import { InstructionDecoder } from '../../../emulator/cpu/decode/decoder.ts';
import { loadStepModule } from '../../../emulator/cpu/engine/loadStepModule.ts';
import { Processor } from '../../../emulator/cpu/profiles/profiles.ts';
import { Guest } from './sse/instructionLoop.ts';

const UD = { fault: 6 };
const NM = { fault: 7 };
const MF = { fault: 16 };
const XM = { fault: 19 };
const GP0 = { fault: 13, errorCode: 0 };

const CR0 = 0x80010033n;
const CR0_EM = 4n;
const CR0_TS = 8n;
const CR4 = 0x620n;
const OSFXSR = 0x200n;
const DATA = 0x30_0000n;
const UNMAPPED = 0x4000_0000n;

const PADDB = [0x0f, 0xfc, 0xc1];
const PADDB_LOAD = [0x0f, 0xfc, 0x00];
const PAVGB = [0x0f, 0xe0, 0xc1];
const PSHUFB = [0x0f, 0x38, 0x00, 0xc1];
const MOVQ_STORE = [0x0f, 0x7f, 0x08];
const MOVD_FROM = [0x0f, 0x7e, 0xc0];
const EMMS = [0x0f, 0x77];
const MOVQ2DQ = [0xf3, 0x0f, 0xd6, 0xc1];
const MOVDQ2Q = [0xf2, 0x0f, 0xd6, 0xc1];
const CVTPI2PS = [0x0f, 0x2a, 0xc1];
const CVTPI2PS_LOAD = [0x0f, 0x2a, 0x00];
const CVTPI2PD = [0x66, 0x0f, 0x2a, 0xc1];
const CVTPI2PD_LOAD = [0x66, 0x0f, 0x2a, 0x00];
const CVTPS2PI = [0x0f, 0x2d, 0xc1];
const CVTPD2PI_LOAD = [0x66, 0x0f, 0x2d, 0x00];
const PUNPCKLBW_LOAD = [0x0f, 0x60, 0x00];
const MASKMOVQ = [0x0f, 0xf7, 0xc1];
const ON_MMX = [PADDB, PAVGB, PSHUFB, MOVD_FROM, EMMS];
const ON_BOTH = [MOVQ2DQ, MOVDQ2Q, CVTPI2PS, CVTPI2PD, CVTPI2PD_LOAD, CVTPS2PI];

/** TOP 5, R5 to R7 in use. */
const STATUS = 0x2800n;
const TAGS = 0xe0n;
const PENDING = { fcw: 0x37en, fsw: STATUS | 0x8081n };

describe('MMX instructions', () => {
  let guest: Guest;
  const register = (name: string): bigint => guest.machine.readRegister(name);
  const x87 = (): bigint[] => [register('fsw'), register('ftw')];
  const floats = { fcw: 0x37fn, fsw: STATUS, ftw: TAGS };
  beforeEach(() => {
    guest = new Guest();
    guest.set({ ...floats, mxcsr: 0x1f80n, rax: DATA });
  });

  it('number the physical registers, whatever TOP is, and fill bits 79:64 of what they write', () => {
    // ST(4) is R1, and R0 is ST(3).
    guest.set({ st3: 0x3fff_8000000000000001n, st4: 0x4000_0000000000000002n });
    expect(register('mm0')).toBe(0x8000000000000001n);
    expect(guest.step(PADDB)).toEqual({});
    expect(x87()).toEqual([0n, 0xffn]);
    expect([register('st0'), register('st1')]).toEqual([0xffff_8000000000000003n, 0x4000_0000000000000002n]);
    expect(register('mm0')).toBe(0x8000000000000003n);
  });

  it('make the x87 state theirs even where they only read, and EMMS empties it', () => {
    guest.set({ st3: 0x3fff_8000000000000001n });
    expect(guest.step(MOVD_FROM)).toEqual({});
    expect([...x87(), register('rax'), register('st0')]).toEqual([0n, 0xffn, 1n, 0x3fff_8000000000000001n]);
    guest.set(floats);
    expect(guest.step(EMMS)).toEqual({});
    expect([...x87(), register('mm0')]).toEqual([0n, 0n, 0x8000000000000001n]);
  });

  it('keep the condition codes and exception flags of the status word', () => {
    guest.set({ fsw: STATUS | 0x4700n | 0x3fn });
    expect(guest.step(PADDB)).toEqual({});
    expect(register('fsw')).toBe(0x473fn);
  });

  it('raise #UD with CR0.EM, then #NM with CR0.TS, then #MF', () => {
    for (const code of [...ON_MMX, ...ON_BOTH]) {
      guest.set({ ...floats, ...PENDING });
      expect(guest.step(code, { cr0: CR0 | CR0_TS | CR0_EM })).toEqual(UD);
      expect(guest.step(code, { cr0: CR0 | CR0_EM })).toEqual(UD);
      expect(guest.step(code, { cr0: CR0 | CR0_TS })).toEqual(NM);
      expect(guest.step(code, { cr0: CR0 })).toEqual(code === CVTPI2PD_LOAD ? {} : MF);
      // An exception that waits leaves everything as it is, and so does CVTPI2PD from memory (SDM Vol. 2A).
      expect(x87()).toEqual([PENDING.fsw, TAGS]);
    }
  });

  it('ask for CR4.OSFXSR only where they have an XMM register', () => {
    guest.set({ cr4: CR4 & ~OSFXSR });
    for (const code of ON_MMX) expect(guest.step(code)).toEqual({});
    guest.set({ rax: DATA });
    for (const code of ON_BOTH) expect(guest.step(code)).toEqual(UD);
  });

  it('make the transition for CVTPI2PS from memory and not for CVTPI2PD', () => {
    guest.machine.writePhysical(hostPhysical(Number(DATA)), Uint8Array.of(1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff));
    expect(guest.step(CVTPI2PD_LOAD)).toEqual({});
    expect([...x87(), register('xmm0')]).toEqual([STATUS, TAGS, 0xc000000000000000_3ff0000000000000n]);
    expect(guest.step(CVTPI2PS_LOAD)).toEqual({});
    expect([...x87(), register('xmm0')]).toEqual([0n, 0xffn, 0xc000000000000000_c00000003f800000n]);
  });

  it('take LOCK for an undefined instruction', () => {
    for (const code of [PADDB, PADDB_LOAD, MOVQ_STORE, EMMS]) expect(guest.step([0xf0, ...code])).toEqual(UD);
  });

  it('want 16-byte operands aligned, and 8-byte ones not', () => {
    expect(guest.step(PADDB_LOAD, { rax: DATA + 1n })).toEqual({});
    expect(guest.step(MOVQ_STORE, { rax: DATA + 3n })).toEqual({});
    expect(guest.step(CVTPD2PI_LOAD, { rax: DATA + 8n })).toEqual(GP0);
    expect(guest.step(CVTPD2PI_LOAD, { rax: DATA + 16n })).toEqual({});
  });

  it('change nothing when memory faults', () => {
    guest.set({ mm0: 7n, mm1: 0x8080808080808080n });
    for (const code of [PADDB_LOAD, CVTPD2PI_LOAD, CVTPI2PS_LOAD, PUNPCKLBW_LOAD]) {
      expect(guest.step(code, { rax: UNMAPPED })).toEqual({ fault: 14, errorCode: 0 });
    }
    expect(guest.step(MOVQ_STORE, { rax: UNMAPPED })).toEqual({ fault: 14, errorCode: 2 });
    expect([...x87(), register('mm0')]).toEqual([STATUS, TAGS, 7n]);
    // But for MASKMOVQ, which has made the transition: so on an AMD EPYC and in Bochs.
    expect(guest.step(MASKMOVQ, { rdi: UNMAPPED })).toEqual({ fault: 14, errorCode: 2 });
    expect([...x87(), register('mm0')]).toEqual([0n, 0xffn, 7n]);
  });

  it('make the transition before an unmasked SIMD exception, which keeps the destination', () => {
    // The SDM leaves it open; an AMD EPYC and Bochs answer so. A quiet NaN is an invalid operand.
    guest.set({ mm0: 7n });
    expect(guest.step(CVTPS2PI, { xmm1: 0x7fc00000n, mxcsr: 0x1f00n })).toEqual(XM);
    expect([...x87(), register('mm0'), register('mxcsr')]).toEqual([0n, 0xffn, 7n, 0x1f01n]);
    guest.set({ ...floats, mm1: 0x1000001n, xmm0: 5n });
    expect(guest.step(CVTPI2PS, { mxcsr: 0x0f80n })).toEqual(XM);
    expect([...x87(), register('xmm0'), register('mxcsr')]).toEqual([0n, 0xffn, 5n, 0x0fa0n]);
  });

  it('read four bytes of memory where the SDM says m32', () => {
    // The first byte that is not mapped is the one after RAM.
    const end = 0x100_0000n;
    guest.set({ mm0: 0x44332211n });
    guest.machine.writePhysical(hostPhysical(Number(end) - 4), Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd));
    expect(guest.step(PUNPCKLBW_LOAD, { rax: end - 4n })).toEqual({});
    expect(register('mm0')).toBe(0xdd44cc33bb22aa11n);
    expect(guest.step(PADDB_LOAD, { rax: end - 4n })).toEqual({ fault: 14, errorCode: 0 });
  });

  it('touch no memory with an empty mask, but make the transition', () => {
    expect(guest.step(MASKMOVQ, { mm1: 0x7f7f7f7f7f7f7f7fn, rdi: UNMAPPED })).toEqual({});
    expect(x87()).toEqual([0n, 0xffn]);
  });

  it('are undefined to a processor without MMX, those of SSE and later too', () => {
    const decoder = (features: Record<string, boolean>) =>
      new InstructionDecoder(loadStepModule().module.handlers, Processor.create('tigerlake', features));
    const context = 2 | CONTEXT.PROTECTED | CONTEXT.PAGING;
    const name = (from: InstructionDecoder, code: readonly number[]): string =>
      from.decode(Uint8Array.from([...code, ...new Array(12).fill(0x90)]), 0, context)!.form.name;
    const codes = [...ON_MMX, MOVQ2DQ, MOVDQ2Q, CVTPI2PS, CVTPS2PI, MASKMOVQ];
    for (const code of codes) {
      expect(name(decoder({ mmx: false }), code)).toBe('ud');
      expect(name(decoder({}), code)).not.toBe('ud');
    }
    for (const code of [PSHUFB]) expect(name(decoder({ ssse3: false }), code)).toBe('ud');
  });
});
