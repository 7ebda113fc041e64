import { STATE, type StateView } from '../cpu/state.ts';
import type { ProtectionKeyStep, TranslationAccess, TranslationRights } from './explanation.ts';

/** Access rights in words (SDM Vol. 3A §4.6): which rule refuses an access, for the translation explainer. */
export interface RightsRefusal {
  readonly by: 'rights' | 'key';
  readonly bit: string;
  /** P, and PK where the key refuses too. */
  readonly errorCode: number;
  /** Without the page's address, which the explainer puts in front. */
  readonly sentence: string;
}

const CR0_WP = 1 << 16;
const CR4_PAE = 1 << 5;
const CR4_SMEP = 1 << 20;
const CR4_SMAP = 1 << 21;
const CR4_PKE = 1 << 22;
const CR4_PKS = 1 << 24;
const EFER_LMA = 1 << 10;
const EFER_NXE = 1 << 11;
const RFLAGS_AC = 1 << 18;

type Access = Required<TranslationAccess>;

export const isShadow = (access: Access): boolean => access.kind.startsWith('shadowStack');
export const isWrite = (access: Access): boolean => access.kind === 'write' || access.kind === 'shadowStackWrite';

/** The bits of a #PF error code that say what the access was: W, U, I, SS. */
export function accessBits(state: StateView, access: Access): number {
  const cr4 = state.low(STATE.cr4);
  const fetchTold = (state.low(STATE.efer) & EFER_NXE && cr4 & CR4_PAE) || cr4 & CR4_SMEP;
  return (
    (isWrite(access) ? 2 : 0) |
    (access.privilege === 'user' ? 4 : 0) |
    (access.kind === 'fetch' && fetchTold ? 16 : 0) |
    (isShadow(access) ? 64 : 0)
  );
}

/** What the key of a page means for data accesses to it (SDM Vol. 3A §4.6.2). */
export function protectionKey(state: StateView, user: boolean, key: number): ProtectionKeyStep {
  const cr4 = state.low(STATE.cr4);
  const on = state.low(STATE.efer) & EFER_LMA && cr4 & (user ? CR4_PKE : CR4_PKS);
  if (!on) return { key, register: 'off', accessDisabled: false, writeDisabled: false };
  const rights = (user ? state.get32(STATE.pkru) : state.low(STATE.pkrs)) >>> (key * 2);
  return {
    key,
    register: user ? 'PKRU' : 'IA32_PKRS',
    accessDisabled: (rights & 1) !== 0,
    writeDisabled: (rights & 2) !== 0,
  };
}

/** The bit of the protection key that refuses the access: `AD`, `WD`, or undefined. */
function keyRefuses(state: StateView, key: ProtectionKeyStep, access: Access): 'AD' | 'WD' | undefined {
  if (access.kind === 'fetch') return undefined;
  if (key.accessDisabled) return 'AD';
  const writeProtect = access.privilege === 'user' || (state.low(STATE.cr0) & CR0_WP) !== 0;
  return isWrite(access) && key.writeDisabled && writeProtect ? 'WD' : undefined;
}

/** The first rule that refuses the access; undefined when it is allowed. */
export function refusal(
  state: StateView,
  rights: TranslationRights,
  key: ProtectionKeyStep,
  access: Access,
): RightsRefusal | undefined {
  const bit = keyRefuses(state, key, access);
  // The PK bit of the error code tells of the key whatever else refuses.
  const errorCode = bit ? 0x21 : 1;
  const rule = pageRefuses(state, rights, access);
  if (rule) return { by: 'rights', bit: rule[0], errorCode, sentence: rule[1] };
  if (!bit) return undefined;
  const place = `bit ${key.key * 2 + (bit === 'WD' ? 1 : 0)}`;
  return {
    by: 'key',
    bit,
    errorCode,
    sentence: `${key.register} has ${bit} set for protection key ${key.key} (${place})`,
  };
}

function pageRefuses(
  state: StateView,
  rights: TranslationRights,
  access: Access,
): readonly [bit: string, sentence: string] | undefined {
  const user = access.privilege === 'user';
  const cr4 = state.low(STATE.cr4);
  if (access.kind === 'fetch') {
    if (!rights.executable) return ['XD', 'an entry on the way has XD set: no fetches'];
    if (user && !rights.user) return ['U/S', 'U/S is 0 on the way: user mode does not fetch from it'];
    if (!user && rights.user && cr4 & CR4_SMEP) {
      return ['SMEP', 'it is a user page and CR4.SMEP is 1: supervisor mode does not fetch from it'];
    }
    return undefined;
  }
  if (isShadow(access)) {
    if (user !== rights.user) {
      return ['U/S', `a ${user ? 'user' : 'supervisor'} shadow-stack access needs a page of its own kind`];
    }
    if (rights.shadowStack) return undefined;
    return ['R/W', 'it is no shadow-stack page (R/W=0 and D=1 in the leaf, R/W=1 above)'];
  }
  if (user && !rights.user) return ['U/S', 'U/S is 0 on the way: user accesses are not allowed'];
  if (!user && rights.user && cr4 & CR4_SMAP) {
    const explicit = access.privilege === 'supervisor';
    if (!explicit || !(state.get32(STATE.rflags) & RFLAGS_AC)) {
      const why = explicit ? 'RFLAGS.AC is 0' : 'the access is implicit';
      return ['SMAP', `it is a user page, CR4.SMAP is 1 and ${why}`];
    }
  }
  if (access.kind !== 'write' || rights.writable) return undefined;
  if (user) return ['R/W', 'R/W is 0 on the way'];
  return state.low(STATE.cr0) & CR0_WP ? ['R/W', 'R/W is 0 on the way and CR0.WP is 1'] : undefined;
}
