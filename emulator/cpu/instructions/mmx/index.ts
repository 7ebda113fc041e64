import type { Definition } from '../../engine/emitter.ts';
import { waitForExceptions } from '../../x87/numericErrors.ts';
import { maskedStore } from '../sse/control.ts';
import { sse } from '../sse/index.ts';
import { zeroExtended } from '../sse/lanes.ts';
import { type Derivation, derive, joined, joinedReversed, nothing, twiceFirst, twiceSecond } from './derived.ts';
import { emptyMmx, enterMmx } from './state.ts';

/** SDM Vol. 1 ch. 9, and the instructions on MMX registers that SSE, SSE2 and SSSE3 added: `q` in shapes. */
const BINARY = { qq: 'vv', qm: 'vm' };
const SHIFT = { ...BINARY, qi: 'vi' };

const each = (names: string, how: Omit<Derivation, 'name'>): Derivation[] =>
  names.split(' ').map((name) => ({ name, ...how }));

const DERIVED: readonly Derivation[] = [
  ...each(
    'paddb paddw paddd paddq paddsb paddsw paddusb paddusw psubb psubw psubd psubq psubsb psubsw psubusb psubusw',
    {
      shapes: BINARY,
    },
  ),
  ...each('pand pandn por pxor pcmpeqb pcmpeqw pcmpeqd pcmpgtb pcmpgtw pcmpgtd pavgb pavgw', { shapes: BINARY }),
  ...each('pminub pmaxub pminsw pmaxsw pmullw pmulhw pmulhuw pmaddwd pmuludq psadbw', { shapes: BINARY }),
  ...each('pmaddubsw pmulhrsw psignb psignw psignd pabsb pabsw pabsd', { shapes: BINARY }),
  // The XMM forms take their first half from operand 0 and their second from operand 1.
  ...each('packsswb packssdw packuswb phaddw phaddd phaddsw phsubw phsubd phsubsw', { shapes: BINARY, first: joined }),
  ...each('punpcklbw punpcklwd punpckldq', { shapes: BINARY, memoryBits: 32 }),
  ...each('punpckhbw punpckhwd punpckhdq', {
    shapes: BINARY,
    first: twiceFirst,
    second: twiceSecond,
    high: true,
  }),
  ...each('psllw pslld psllq psrlw psrld psrlq psraw psrad', { shapes: SHIFT }),
  // Positions are taken modulo 8.
  { name: 'pshufb', shapes: BINARY, first: twiceFirst },
  { name: 'pshufw', from: 'pshuflw', shapes: { qqi: 'vvi', qmi: 'vmi' } },
  { name: 'palignr', shapes: { qqi: 'vvi', qmi: 'vmi' }, first: nothing, second: joinedReversed },
  { name: 'pinsrw', shapes: { qri: 'vri', qmi: 'vmi' }, immediateMask: 3 },
  { name: 'pextrw', shapes: { rqi: 'rvi' }, immediateMask: 3 },
  { name: 'pmovmskb', shapes: { rq: 'rv' } },
  { name: 'movd', shapes: { qr: 'vr', qm: 'vm', rq: 'rv', mq: 'mv' } },
  { name: 'movq', shapes: { qr: 'vr', qm: 'vm', rq: 'rv', mq: 'mv', qq: 'vv', vq: 'vv', qv: 'vv' } },
  { name: 'cvtps2pi', from: 'cvtps2dq', shapes: { qv: 'vv', qm: 'vm' }, early: true },
  { name: 'cvttps2pi', from: 'cvttps2dq', shapes: { qv: 'vv', qm: 'vm' }, early: true },
  { name: 'cvtpd2pi', from: 'cvtpd2dq', shapes: { qv: 'vv', qm: 'vm' }, wide: true, early: true },
  { name: 'cvttpd2pi', from: 'cvttpd2dq', shapes: { qv: 'vv', qm: 'vm' }, wide: true, early: true },
  { name: 'cvtpi2ps', from: 'cvtdq2ps', shapes: { vq: 'vv', vm: 'vm' }, keepsUpper: true, early: true },
  // SDM Vol. 2A, CVTPI2PD: with a memory operand no transition, and no x87 exception is taken.
  { name: 'cvtpi2pd', from: 'cvtdq2pd', shapes: { vq: 'vv', vm: 'vm' }, aloof: ['vm'] },
];

export const mmx: readonly Definition[] = [
  ...DERIVED.map((how) => derive(how, sse)),
  {
    name: 'emms',
    sizes: [0],
    shapes: [''],
    emit: (e) => {
      waitForExceptions(e);
      emptyMmx(e.f);
    },
  },
  {
    name: 'maskmovq',
    sizes: [64],
    shapes: ['nqq'],
    emit: (e) => {
      waitForExceptions(e);
      const source = e.f.let(zeroExtended(64, e.read(1)));
      const mask = e.f.let(zeroExtended(64, e.read(2)));
      // Even if the store faults, in an AMD EPYC and in Bochs; the SDM leaves it open.
      enterMmx(e.f);
      maskedStore(e, 8, source, mask);
    },
  },
];
