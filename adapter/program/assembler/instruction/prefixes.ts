/** GAS's prefix slots, in the order in which it writes them (tc-i386.c). */
export const SLOT = { wait: 0, segment: 1, address: 2, data: 3, repeat: 4, lock: 5 } as const;

export interface PrefixRule {
  readonly byte: number;
  readonly slot: number;
  /** What the instruction after it must be. */
  readonly needs?: 'lock' | 'notrack';
}

const seg = (byte: number): PrefixRule => ({ byte, slot: SLOT.segment });
const rep = (byte: number): PrefixRule => ({ byte, slot: SLOT.repeat });

const PREFIXES: Readonly<Record<string, PrefixRule>> = {
  lock: { byte: 0xf0, slot: SLOT.lock, needs: 'lock' },
  rep: rep(0xf3),
  repe: rep(0xf3),
  repz: rep(0xf3),
  repne: rep(0xf2),
  repnz: rep(0xf2),
  xacquire: rep(0xf2),
  xrelease: rep(0xf3),
  bnd: rep(0xf2),
  notrack: { byte: 0x3e, slot: SLOT.segment, needs: 'notrack' },
  es: seg(0x26),
  cs: seg(0x2e),
  ss: seg(0x36),
  ds: seg(0x3e),
  fs: seg(0x64),
  gs: seg(0x65),
};

/** The prefix of a mnemonic-like name in a mode, or undefined when it is none. */
export function findPrefix(name: string, mode: 16 | 32 | 64): PrefixRule | undefined {
  switch (name) {
    case 'data16':
      return mode === 16 ? undefined : { byte: 0x66, slot: SLOT.data };
    case 'data32':
      return mode === 16 ? { byte: 0x66, slot: SLOT.data } : undefined;
    case 'addr16':
    case 'aword':
      return mode === 32 ? { byte: 0x67, slot: SLOT.address } : undefined;
    case 'addr32':
    case 'adword':
      return mode === 32 ? undefined : { byte: 0x67, slot: SLOT.address };
    case 'wait':
    case 'fwait':
      return undefined;
  }
  return Object.hasOwn(PREFIXES, name) ? PREFIXES[name] : undefined;
}

/** `rex`, `rex.W`, `rex.RXB`, `rex64` ...: the REX byte, or undefined. */
export function rexPrefix(name: string): number | undefined {
  const dotted = /^rex(?:\.(w?r?x?b?))?$/.exec(name);
  if (dotted !== null) {
    const letters = dotted[1] ?? '';
    return (
      0x40 |
      (letters.includes('w') ? 8 : 0) |
      (letters.includes('r') ? 4 : 0) |
      (letters.includes('x') ? 2 : 0) |
      (letters.includes('b') ? 1 : 0)
    );
  }
  const old = /^rex64(x?y?z?)$/.exec(name);
  if (old === null) return undefined;
  return 0x48 | (old[1]!.includes('x') ? 4 : 0) | (old[1]!.includes('y') ? 2 : 0) | (old[1]!.includes('z') ? 1 : 0);
}

const SLOT_OF: ReadonlyMap<number, number> = new Map([
  [0x26, SLOT.segment],
  [0x2e, SLOT.segment],
  [0x36, SLOT.segment],
  [0x3e, SLOT.segment],
  [0x64, SLOT.segment],
  [0x65, SLOT.segment],
  [0x67, SLOT.address],
  [0x66, SLOT.data],
  [0xf2, SLOT.repeat],
  [0xf3, SLOT.repeat],
  [0xf0, SLOT.lock],
]);

/** Merges prefixes into an encoding and puts all of them in GAS's order. Fields move by `shift`. */
export function arrangePrefixes(
  bytes: Uint8Array,
  wanted: readonly PrefixRule[],
  rex: number | undefined,
  mode: 16 | 32 | 64,
): { bytes: Uint8Array; shift: number } {
  const slots: (number | undefined)[] = [];
  let at = 0;
  if (bytes[0] === 0x9b && bytes.length > 1) {
    slots[SLOT.wait] = 0x9b;
    at++;
  }
  for (; at < bytes.length - 1; at++) {
    const slot = SLOT_OF.get(bytes[at]!);
    if (slot === undefined) break;
    slots[slot] = bytes[at];
  }
  for (const prefix of wanted) slots[prefix.slot] = prefix.byte;
  const front = slots.filter((byte) => byte !== undefined);
  if (rex !== undefined) {
    if (mode === 64 && (bytes[at]! & 0xf0) === 0x40) {
      front.push(bytes[at]! | rex);
      at++;
    } else front.push(rex);
  }
  const out = new Uint8Array(front.length + bytes.length - at);
  out.set(front);
  out.set(bytes.subarray(at), front.length);
  return { bytes: out, shift: out.length - bytes.length };
}

/** What stands before a mnemonic. */
export interface Prefixes {
  readonly rules: PrefixRule[];
  rex: number | undefined;
  displacement: 8 | 32 | undefined;
  vex3: boolean;
  direction: 'load' | 'store' | undefined;
}
