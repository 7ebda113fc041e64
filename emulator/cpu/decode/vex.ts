import { RegisterExt } from 'iced-x86';
import { CONTEXT } from '../context.ts';
import { registerAddress } from './operands.ts';
import type { Selecting, Selection } from './select.ts';
import { formOf, permutation } from './vectors.ts';

/** VEX-encoded vector instructions (SDM Vol. 1 ch. 14): forms of `instructions/avx`, named after the SSE ones. */
const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** What they do to registers is what the SSE instruction does, upper halves included. */
const SAME = words(
  'cvtss2si cvtsd2si cvttss2si cvttsd2si ucomiss ucomisd comiss comisd pextrb pextrw pextrd pextrq extractps ' +
    'ldmxcsr stmxcsr pcmpestri pcmpestri64 pcmpistri maskmovdqu',
);
/** The same where the destination is no vector register. */
const SAME_STORES = words('movd movq movss movsd movlps movlpd movhps movhpd movmskps movmskpd pmovmskb');
const ALIGNED = words('movaps movapd movdqa movntdqa movntps movntpd movntdq');
const UNALIGNED = words('movups movupd movdqu lddqu');
const WIDENING = words('cvtps2pd cvtdq2pd');
const OTHER_NAMES: Readonly<Record<string, string>> = {
  broadcastss: 'vpbroadcastd',
  broadcastsd: 'vpbroadcastq',
  broadcasti128: 'vbroadcastf128',
  inserti128: 'vinsertf128',
  extracti128: 'vextractf128',
  perm2i128: 'vperm2f128',
  permps: 'vpermd',
  permpd: 'vpermq',
  pmaskmovd: 'vmaskmovps',
  pmaskmovq: 'vmaskmovpd',
};
/** Names that SSE does not have, or whose VEX forms are not derived; the size is the widest operand's. */
const OWN = words(
  'broadcastf128 insertf128 extractf128 perm2f128 permd permq permilps permilpd pblendd maskmovps maskmovpd ' +
    'pbroadcastb pbroadcastw pbroadcastd pbroadcastq psllvd psllvq psrlvd psrlvq psravd ptest testps testpd ' +
    `${Object.keys(OTHER_NAMES).join(' ')}`,
);
const BLENDS = words('pblendvb blendvps blendvpd');

const UNDEFINED: Selection = { name: 'ud', size: 0, shape: '', ends: true };
const NOT_AVAILABLE: Selection = { name: 'nm', size: 0, shape: '', ends: true };

const isSse = (name: string, s: Selecting): boolean =>
  SAME.has(name) || (SAME_STORES.has(name) && s.operands[0]!.letter !== 'v' && s.operands[1]!.bits !== 256);

/** Undefined for what is no VEX-encoded vector instruction, or none that the machine has. */
export function selectVex(s: Selecting): Selection | undefined {
  if (!s.code.startsWith('VEX_V')) return undefined;
  const { context } = s;
  if (!(context & CONTEXT.AVX) || !(context & CONTEXT.PROTECTED) || context & CONTEXT.V86) return UNDEFINED;
  return choose(s) && (context & CONTEXT.TASK_SWITCHED ? NOT_AVAILABLE : choose(s));
}

/** No two of destination, index and mask may be one register (SDM Vol. 2, VPGATHERDD). */
function selectGather({ instruction, operands }: Selecting, index: string, data: string): Selection {
  const [destination, , mask] = operands.map(({ register }) => register);
  const indexRegister = registerAddress(instruction.memoryIndex);
  if (new Set([destination, mask, indexRegister]).size < 3) return UNDEFINED;
  const wide = operands[0]!.bits === 256 || RegisterExt.size(instruction.memoryIndex) === 32;
  const scale = Math.log2(instruction.memoryIndexScale);
  return { name: `vgather${index}${data}`, size: wide ? 256 : 128, immediate: indexRegister | (scale << 16) };
}

function choose(s: Selecting): Selection | undefined {
  const { operands, instruction, codeBits } = s;
  const name = s.mnemonic.slice(1);
  const wide = operands.some(({ bits }) => bits === 256);
  const size = wide ? 256 : 128;
  if (name === 'zeroupper' || name === 'zeroall')
    return { name: `v${name}`, size: codeBits === 64 ? 64 : 0, shape: '' };
  if (isSse(name, s)) return formOf({ ...s, mnemonic: name });
  if (name === 'movss' || name === 'movsd') return { name: `v${name}`, size: name === 'movss' ? 32 : 64 };
  if (ALIGNED.has(name)) return { name: 'vmovdqa', size };
  if (UNALIGNED.has(name)) return { name: 'vmovdqu', size };
  if (/^movmsk|^pmovmskb$/.test(name)) return { name: `v${name}`, size };
  if (BLENDS.has(name)) {
    const shape = operands.slice(0, 3).map(({ letter }) => letter);
    return { name: `v${name}`, size, shape: shape.join(''), immediate: operands[3]!.register };
  }
  const gather = /^p?gather([dq])(d|q|ps|pd)$/.exec(name);
  if (gather) return selectGather(s, gather[1]!, /^(q|pd)$/.test(gather[2]!) ? 'q' : 'd');
  const immediate = operands.at(-1)?.letter === 'i';
  if (name === 'permilps' && immediate) {
    return { name: 'vpshufd', size, ...permutation('pshufd', instruction.immediate8) };
  }
  if (name === 'permilpd' && immediate) return { name: 'vpermilpdi', size };
  if (OWN.has(name)) return { name: OTHER_NAMES[name] ?? `v${name}`, size };
  if (name === 'cvtsi2ss' || name === 'cvtsi2sd') return { name: `v${name}`, size: operands[2]!.bits };
  const form = formOf({ ...s, mnemonic: name });
  if (!form) return undefined;
  const own = `v${form.name}`;
  if (WIDENING.has(name)) return { name: own, size: wide ? 128 : 64 };
  if (name === 'movddup') return { name: own, size: wide ? 256 : 64 };
  if (/^pmov[sz]x/.test(name)) return wide ? { name: `${own}y`, size: form.size * 2 } : { name: own, size: form.size };
  return { name: own, size: form.size === 128 ? size : form.size, ...permutation(name, instruction.immediate8) };
}
