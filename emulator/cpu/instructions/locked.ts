import { type Definition, lockedName } from '../engine/emitter.ts';

/** Instructions that take a LOCK prefix when their destination is memory (SDM Vol. 2, LOCK), but for XCHG: always locked. */
const LOCKABLE = new Set(
  'add adc and btc btr bts cmpxchg cmpxchg8b cmpxchg16b dec inc neg not or sbb sub xadd xor'.split(' '),
);

export const isLockable = (name: string): boolean => LOCKABLE.has(name);

/**
 * The same semantics with a locked memory destination: forms of their own, so that unlocked code pays nothing for what
 * a locked access brings along. Only the general form of memory operands.
 */
export const lockedForms = (definitions: readonly Definition[]): Definition[] =>
  definitions
    .filter(({ name }) => isLockable(name))
    .map((definition) => ({
      ...definition,
      name: lockedName(definition.name),
      shapes: definition.shapes.filter((shape) => shape.startsWith('m')),
      rare: true,
    }));
