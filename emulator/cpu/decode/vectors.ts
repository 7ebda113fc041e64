import { CONTEXT } from '../context.ts';
import type { Selecting, Selection } from './select.ts';

/** Mnemonics whose form has the same name, by the form's size. */
const NAMED: readonly (readonly [number, string])[] = [
  [32, 'addss subss mulss divss sqrtss minss maxss cmpss ucomiss comiss movss movd rcpss rsqrtss cvtss2sd'],
  [32, 'ldmxcsr stmxcsr roundss insertps pinsrd pextrd pmovsxbd pmovzxbd pmovsxwq pmovzxwq'],
  [64, 'addsd subsd mulsd divsd sqrtsd minsd maxsd cmpsd ucomisd comisd movsd movq cvtsd2ss cvtps2pd cvtdq2pd'],
  [64, 'movlpd movhpd movhlps movlhps movmskps movmskpd pmovmskb roundsd pinsrq pextrq movddup'],
  [64, 'pmovsxbw pmovzxbw pmovsxwd pmovzxwd pmovsxdq pmovzxdq'],
  [16, 'pinsrw pextrw pmovsxbq pmovzxbq'],
  [8, 'pinsrb pextrb'],
  [128, 'addps subps mulps divps sqrtps minps maxps cmpps addpd subpd mulpd divpd sqrtpd minpd maxpd cmppd'],
  [128, 'cvtps2dq cvttps2dq cvtpd2dq cvttpd2dq cvtpd2ps cvtdq2ps rcpps rsqrtps movdqa movdqu maskmovdqu'],
  [128, 'pand pandn por pxor paddb paddw paddd paddq paddsb paddsw paddusb paddusw psubb psubw psubd psubq'],
  [128, 'psubsb psubsw psubusb psubusw pcmpeqb pcmpeqw pcmpeqd pcmpgtb pcmpgtw pcmpgtd pminub pmaxub pminsw pmaxsw'],
  [128, 'pavgb pavgw packsswb packuswb packssdw pmullw pmaddwd pmulhw pmulhuw pmuludq psadbw'],
  [128, 'punpcklbw punpcklwd punpckldq punpcklqdq punpckhbw punpckhwd punpckhdq punpckhqdq'],
  [128, 'psllw pslld psllq psrlw psrld psrlq psraw psrad pslldq psrldq pshufd pshuflw pshufhw shufps shufpd'],
  [128, 'haddps haddpd hsubps hsubpd addsubps addsubpd movsldup movshdup'],
  [128, 'pshufb phaddw phaddd phaddsw phsubw phsubd phsubsw pmaddubsw pmulhrsw psignb psignw psignd palignr'],
  [128, 'pabsb pabsw pabsd blendps blendpd pblendw pblendvb blendvps blendvpd dpps dppd mpsadbw phminposuw ptest'],
  [128, 'roundps roundpd packusdw pcmpeqq pcmpgtq pminsb pminsd pminuw pminud pmaxsb pmaxsd pmaxuw pmaxud pmulld'],
  [128, 'pmuldq pcmpistri pcmpistrm'],
  [32, 'pcmpestri pcmpestrm'],
];

/** Mnemonics that do what another one does. */
const ALIASES: Readonly<Record<string, string>> = {
  movaps: 'movdqa',
  movapd: 'movdqa',
  movntps: 'movdqa',
  movntpd: 'movdqa',
  movntdq: 'movdqa',
  movntdqa: 'movdqa',
  lddqu: 'movdqu',
  extractps: 'pextrd',
  movups: 'movdqu',
  movupd: 'movdqu',
  movlps: 'movlpd',
  movhps: 'movhpd',
  andps: 'pand',
  andpd: 'pand',
  andnps: 'pandn',
  andnpd: 'pandn',
  orps: 'por',
  orpd: 'por',
  xorps: 'pxor',
  xorpd: 'pxor',
  unpcklps: 'punpckldq',
  unpckhps: 'punpckhdq',
  unpcklpd: 'punpcklqdq',
  unpckhpd: 'punpckhqdq',
};

/** Scalar conversions with a general register or integer memory: the operand that gives the size. */
const SIZED_BY: Readonly<Record<string, number>> = {
  cvtsi2ss: 1,
  cvtsi2sd: 1,
  cvtss2si: 0,
  cvtsd2si: 0,
  cvttss2si: 0,
  cvttsd2si: 0,
};

const FORMS = new Map(
  NAMED.flatMap(([size, names]) => names.split(' ').map((name) => [name, { name, size }] as const)),
);
for (const name of ['pcmpestri', 'pcmpestrm']) FORMS.set(`${name}64`, { name, size: 64 });
for (const [alias, name] of Object.entries(ALIASES)) FORMS.set(alias, FORMS.get(name)!);

/** Element size in bytes and first movable byte of the permutations by four two-bit fields. */
const PERMUTATIONS: Readonly<Record<string, readonly [bytes: number, base: number]>> = {
  pshufd: [4, 0],
  shufps: [4, 0],
  pshuflw: [2, 0],
  pshufhw: [2, 8],
};

/** Byte i: where the element that field i of the immediate names begins. */
export function permutation(mnemonic: string, immediate: number): Partial<Selection> {
  const found = PERMUTATIONS[mnemonic];
  if (!found) return {};
  const [bytes, base] = found;
  const places = [0, 1, 2, 3].map((i) => (base + ((immediate >> (2 * i)) & 3) * bytes) << (8 * i));
  return { immediate: places.reduce((a, b) => a | b) };
}

export function formOf({ mnemonic, operands }: Selecting): Selection | undefined {
  const sizedBy = SIZED_BY[mnemonic];
  return sizedBy === undefined ? FORMS.get(mnemonic) : { name: mnemonic, size: operands[sizedBy]!.bits };
}

/** Chooses the form of an SSE instruction; undefined for anything else. */
export function selectVector(s: Selecting): Selection | undefined {
  // MOVNTI is no SIMD instruction to CR0 and CR4 (SDM Vol. 3A §14.1).
  if (s.mnemonic === 'movnti' || s.mnemonic === 'movdiri') return { name: 'mov', size: s.operands[1]!.bits };
  // Registers that no profile has.
  if (s.operands.some((operand) => operand.letter === '?')) return undefined;
  if (s.code.startsWith('VEX_')) return undefined;
  const form = formOf(s);
  if (!form) return undefined;
  if (s.context & CONTEXT.NO_SSE) return { name: 'ud', size: 0, shape: '', ends: true };
  if (s.context & CONTEXT.TASK_SWITCHED) return { name: 'nm', size: 0, shape: '', ends: true };
  // Predicates of SSE's comparisons have three bits.
  const predicate = /^cmp[ps][sd]$/.test(s.mnemonic) ? { immediate: s.instruction.immediate8 & 7 } : {};
  return { ...form, ...permutation(s.mnemonic, s.instruction.immediate8), ...predicate };
}
