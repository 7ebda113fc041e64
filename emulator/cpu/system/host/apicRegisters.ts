import { ENGINE, STATE } from '../../state.ts';
import type { HostContext } from './context.ts';
import { timeStampAdjust, timeStampCounter, writeTimeStamp, writeTimeStampAdjust } from './timeStamp.ts';

/** MSRs whose values live in the time-stamp counter and the local APIC (SDM Vol. 4; Vol. 3A §10.4.4, §10.12). */
export interface LiveMsr {
  /** Undefined is #GP. */
  read(c: HostContext): readonly [low: number, high: number] | undefined;
  /** False is #GP; a number is the instruction's status. */
  write(c: HostContext, low: number, high: number): boolean | number;
}

const TSC: LiveMsr = {
  read: timeStampCounter,
  write: (c, low, high) => {
    writeTimeStamp(c, low, high);
    return true;
  },
};

const TSC_ADJUST: LiveMsr = {
  read: timeStampAdjust,
  write: (c, low, high) => {
    writeTimeStampAdjust(c, low, high);
    return true;
  },
};

const TSC_DEADLINE: LiveMsr = {
  read: (c) => c.apic().timer.state.deadline,
  write: (c, low, high) => {
    c.changeApic().timer.writeDeadline(low, high, timeStampAdjust(c));
    return true;
  },
};

const BASE_RESERVED = 0x2ff;
const BASE_EXTENDED = 0x400;
const BASE_ENABLED = 0x800;

const APIC_BASE: LiveMsr = {
  read: (c) => c.apic().base(),
  write: (c, low, high) => {
    const reserved = BASE_RESERVED | (c.processor.feature('x2apic') ? 0 : BASE_EXTENDED);
    const beyond = c.processor.profile.physicalAddressBits - 32;
    if (low & reserved || high >>> beyond !== 0) return false;
    const page = high * 0x1_0000_0000 + ((low & 0xfffff000) >>> 0);
    if (low & BASE_ENABLED && page < c.state.low(ENGINE.ramSize)) {
      return c.unsupported(
        `The guest moves its local APIC to 0x${page.toString(16)}, over RAM; on this machine it must lie above.`,
      );
    }
    return c.changeApic().writeBase(low, high);
  },
};

const BY_INDEX: ReadonlyMap<number, LiveMsr> = new Map([
  [0x10, TSC],
  [0x1b, APIC_BASE],
  [0x3b, TSC_ADJUST],
  [0x6e0, TSC_DEADLINE],
]);

const extendedApic = (register: number): LiveMsr => ({
  read: (c) => c.apic().readMsr(register),
  write: (c, low, high) => {
    const apic = c.changeApic();
    const done = apic.writeMsr(register, low, high);
    c.state.setHalves(STATE.cr8, apic.taskPriority >>> 4, 0);
    return done;
  },
});
const EXTENDED: readonly LiveMsr[] = Array.from({ length: 0x100 }, (_, register) => extendedApic(register));

/** 800h to 8FFh are the x2APIC's: its modes decide which of them there are. */
export const isExtendedApic = (index: number): boolean => index >>> 8 === 8;

export const liveMsr = (index: number): LiveMsr | undefined =>
  isExtendedApic(index) ? EXTENDED[index & 0xff] : BY_INDEX.get(index);
