/** Condition codes with all their names, by number (SDM Vol. 1 appendix B). */
export const CONDITIONS: readonly (readonly string[])[] = [
  ['o'],
  ['no'],
  ['b', 'c', 'nae'],
  ['ae', 'nb', 'nc'],
  ['e', 'z'],
  ['ne', 'nz'],
  ['be', 'na'],
  ['a', 'nbe'],
  ['s'],
  ['ns'],
  ['p', 'pe'],
  ['np', 'po'],
  ['l', 'nge'],
  ['ge', 'nl'],
  ['le', 'ng'],
  ['g', 'nle'],
];

export const conditionNumber = (name: string): number | undefined => {
  const index = CONDITIONS.findIndex((names) => names.includes(name));
  return index < 0 ? undefined : index;
};

/** Other names of a mnemonic; each takes the same suffixes. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  shl: ['sal'],
  xlatb: ['xlat'],
  wait: ['fwait'],
  loopne: ['loopnz'],
  loope: ['loopz'],
  ud2: ['ud2a'],
  ud1: ['ud2b'],
  int1: ['icebp'],
  fxsave64: ['fxsaveq'],
  fxrstor64: ['fxrstorq'],
};

/** AT&T names that no suffix rule gives. */
const ATT_NAMES: Readonly<Record<string, readonly string[]>> = {
  Mov_rm16_Sreg: ['movw'],
  Mov_r32m16_Sreg: ['movl'],
  Mov_r64m16_Sreg: ['movq'],
  Mov_Sreg_rm16: ['movw'],
  Mov_Sreg_r32m16: ['movl', 'movw'],
  Mov_Sreg_r64m16: ['movq'],
  Sldt_r32m16: ['sldtl'],
  Sldt_r64m16: ['sldtq'],
  Str_r32m16: ['strl'],
  Str_r64m16: ['strq'],
  Fild_m64int: ['fildq'],
  Fistp_m64int: ['fistpq'],
  Fisttp_m64int: ['fisttpq'],
  Smsw_r32m16: ['smswl'],
  Smsw_r64m16: ['smswq'],
  Movzx_r16_rm8: ['movzb'],
  Movzx_r32_rm8: ['movzb'],
  Movzx_r64_rm8: ['movzb'],
  Movzx_r32_rm16: ['movzw'],
  Movzx_r64_rm16: ['movzw'],
  Movsx_r16_rm8: ['movsb'],
  Movsx_r32_rm8: ['movsb'],
  Movsx_r64_rm8: ['movsb'],
  Movsx_r32_rm16: ['movsw'],
  Movsx_r64_rm16: ['movsw'],
  Movsxd_r64_rm32: ['movsl', 'movsx'],
};

/** GAS names whose stem is not Intel's mnemonic: `pushfq`, `lretl`, `movsl`, `movabsb`; the letter is the suffix. */
const STEMMED =
  /^(lret|lcall|ljmp|pusha|popa|pushf|popf|iret|movs|cmps|stos|lods|scas|ins|outs|movabs|sysret|sysexit)([bwlq])$/;
/** Forms that AT&T calls only by GAS's name: far branches, and the x87 pairs whose names AT&T exchanges. */
const GAS_ONLY = /^(lcall|ljmp)|^f(sub|div)r?p?$/;

/** The names of a form: `att` from iced's GAS formatter (with suffix) and the plain mnemonic, `intel` plain. */
export function extraNames(
  mnemonic: string,
  gas: string,
  code: string,
): { att: string[]; intel: string[]; suffix: string } {
  const plain = /^retn[wdq]?$/.test(mnemonic) ? 'ret' : mnemonic;
  const stems = conditionStems(plain);
  const tail = gas.startsWith(plain) ? gas.slice(plain.length) : '';
  const stemmed = STEMMED.exec(gas);
  const suffix = stemmed !== null ? stemmed[2]! : /^(ll|[bwlqst])$/.test(tail) ? tail : '';
  const att = stemmed === null ? [gas] : [gas, stemmed[1]!];
  const intel: string[] = stemmed === null || /^(lcall|ljmp|movabs)/.test(gas) ? [] : [stemmed[1]!];
  if (code === 'Movsxd_r64_rm32') intel.push('movsx');
  if (stemmed?.[1] === 'movabs') att.push(plain + suffix);
  if (gas.startsWith('movabs')) intel.push('movabs');
  const foreign = GAS_ONLY.test(gas) && gas !== plain;
  for (const stem of [...stems, ...(SYNONYMS[plain] ?? [])]) {
    if (!foreign) {
      att.push(stem);
      if (suffix !== '' && stemmed === null) att.push(stem + suffix);
    }
    intel.push(stem);
  }
  att.push(...(ATT_NAMES[code] ?? []));
  const convert = /^(?:VEX_V)?cvtt?s[sd]2si_r(32|64)_/i.exec(code);
  if (convert !== null) att.push(plain + (convert[1] === '32' ? 'l' : 'q'));
  const move = /^(VEX_V)?movq_(xmm_rm64|rm64_xmm|mm_rm64|rm64_mm)$/i.exec(code);
  if (move !== null) {
    const name = move[1] === undefined ? 'movd' : 'vmovd';
    att.push(name);
    intel.push(name);
  }
  return { att, intel, suffix };
}

function conditionStems(plain: string): string[] {
  const found = /^(set|cmov)(n?[a-z]{1,2}e?)$/.exec(plain);
  if (found === null) return [plain];
  const condition = conditionNumber(found[2]!);
  return condition === undefined ? [plain] : CONDITIONS[condition]!.map((name) => found[1]! + name);
}
