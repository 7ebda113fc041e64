/** The names under which package.json and the code know the same thing. */

export const debugType = 'shadowstep';

/** The language id of guest assembly, chosen not to collide with other assembly extensions. */
export const assemblyLanguage = 'x86-guest-asm';

export const viewIds = { shadowStack: 'shadowstep.shadowStack', cet: 'shadowstep.cet' } as const;

/** Context keys that `when` clauses in package.json read. */
export const contextKeys = {
  /** The extension has something to show in this window: a guest's source was opened or a session started. */
  active: 'shadowstep.active',
  /** Walkthrough steps: what the person has already done. */
  stoppedOnce: 'shadowstep.stoppedOnce',
  /** What an empty view is about: `noSession`, `running`, `off` or `entries`. */
  shadowStackState: 'shadowstep.shadowStack.state',
  cetState: 'shadowstep.cet.state',
} as const;
