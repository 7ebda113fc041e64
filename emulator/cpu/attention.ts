/** `ENGINE.attention`: why instructions that change what may interrupt come back to the run loop. */
export const ATTENTION = {
  /** An interrupt or NMI waits for IF, a shadow or an IRET. */
  INTERRUPT: 1,
} as const;
