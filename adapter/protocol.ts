import type { TranslationExplanation } from '../emulator/api.ts';

/**
 * The custom DAP requests of Shadowstep, for its own views and for any other client. Numbers travel as 0x-hex strings
 * of 64 bits, addresses too. Every request takes an optional `frameId` (a DAP stack frame) and answers for that
 * frame's thread; without one, for the first thread.
 */

/** `shadowstep/shadowStack`: the shadow stack that the frame's thread runs on. */
export interface ShadowStackArguments {
  frameId?: number;
  /** How many entries at most, from SSP upward. Default 64. */
  count?: number;
}

export interface ShadowStackEntry {
  address: string;
  value: string;
  /** Width in bytes: 8 in 64-bit mode, 4 otherwise. Tokens are always 8. */
  size: 4 | 8;
  kind: 'return' | 'restoreToken' | 'previousSspToken' | 'supervisorToken' | 'farSsp' | 'farLip' | 'farCs' | 'data';
  /** Words for the kind and, for tokens, what they say: `supervisor token, busy`. */
  description: string;
  /** For `return` and `farLip`: `symbol+0x12`. */
  symbol?: string;
  source?: { path: string; line: number; column?: number };
  /** Set when the ordinary stack holds another return address for the same call. */
  mismatch?: { expected: string; actual: string; stackAddress: string; text: string };
}

export interface ShadowStackBody {
  /** Whether SHSTK is on for the current privilege level. */
  enabled: boolean;
  /** When not enabled: which bit is off, in one sentence. */
  reason?: string;
  ssp: string;
  privilege: 'user' | 'supervisor';
  entries: ShadowStackEntry[];
  /** Set when reading stopped early: what the next address is and why it cannot be read. */
  stopped?: string;
  /** True when a RET at the frame's instruction pointer would raise #CP(NEAR-RET). */
  nextReturnMismatch: boolean;
}

/** `shadowstep/cet`: every CET register, bit by bit. */
export interface CetArguments {
  frameId?: number;
}

export interface CetField {
  name: string;
  /** Highest and lowest bit of the field. */
  bits: [number, number];
  value: string;
  /** The value in words: `enabled`, `WAIT_FOR_ENDBRANCH`. */
  meaning: string;
  /** What the bit does, one sentence, with its SDM name. */
  description: string;
  settable: boolean;
}

export interface CetRegister {
  name: string;
  /** MSR index as 0x-hex, where the register is one. */
  msr?: string;
  value: string;
  description: string;
  settable: boolean;
  fields: CetField[];
}

export interface CetBody {
  /** False when the processor profile has neither CET_SS nor CET_IBT. */
  available: boolean;
  reason?: string;
  registers: CetRegister[];
  /** The state in words for the current privilege level. */
  summary: { shadowStack: string; tracker: string };
}

/** `shadowstep/setCet`: writes a register or one field; answers with the new `CetBody`, or fails with one sentence. */
export interface SetCetArguments {
  frameId?: number;
  register: string;
  field?: string;
  /** Any expression of the debugger's grammar. */
  value: string;
}

/** `shadowstep/translation`: every step from an address to physical memory, and the bit that refuses. */
export interface TranslationArguments {
  frameId?: number;
  /** Any expression of the debugger's grammar; `fs:0x18` goes through the segment register. */
  address: string;
  /** `read`, `write`, `fetch`, `shadowStackRead`, `shadowStackWrite`; default `read`. */
  access?: string;
  /** `user`, `supervisor`, `implicit`; default: by the current privilege level. */
  privilege?: string;
}

/** The explanation as the machine gives it (`TranslationExplanation`), and the same in lines to be shown. */
export type TranslationBody = { text: string[] } & Wire<TranslationExplanation>;

/** How a value of the machine travels: numbers that may have 64 bits as 0x-hex strings. */
export type Wire<T> = T extends bigint
  ? string
  : T extends string | number | boolean | undefined
    ? T
    : { [Name in keyof T]: Wire<T[Name]> };

/** `shadowstep/setShadowStackEntry`: writes one entry through the machine's write path. */
export interface SetShadowStackEntryArguments {
  frameId?: number;
  address: string;
  value: string;
}
