import { IF } from './flags.ts';
import { STATE, type StateView } from './state.ts';
import { ACTIVITY } from './turns.ts';

/** Why a processor that sleeps will sleep for ever, in one sentence. */
export function haltedSentence(state: StateView, vcpu: number): string {
  const rip = `0x${state.get64(STATE.rip).toString(16)}`;
  const interrupts = state.get32(STATE.rflags) & IF ? 'no device can raise an interrupt' : 'interrupts are off (IF=0)';
  const nothing = `${interrupts}: nothing can wake it.`;
  switch (state.get32(STATE.activity)) {
    case ACTIVITY.WAIT_FOR_SIPI:
      return `vCPU ${vcpu} waits for a start-up IPI, and no vCPU runs that could send it.`;
    case ACTIVITY.FROZEN:
      return `The guest waits at RIP ${rip} for IRQ 13 of an unmasked x87 exception (CR0.NE is 0), and ${nothing}`;
    case ACTIVITY.MWAIT:
      return `The guest executed MWAIT before RIP ${rip}, and ${nothing}`;
    default:
      return `The guest executed HLT before RIP ${rip}, and ${nothing}`;
  }
}
