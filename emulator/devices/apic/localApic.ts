import type { MemoryDevice } from '../device.ts';
import { ApicCore, isLvt, LEGAL_VECTOR } from './apicCore.ts';
import { DELIVERY, ESR, LVT, LVT_WRITABLE, REGISTER } from './registers.ts';

const SIZE = 0x1000;

/** A local APIC: its registers as MSRs in x2APIC mode, in memory in xAPIC mode (SDM Vol. 3A §10.4.1, §10.12.1). */
export class LocalApic extends ApicCore implements MemoryDevice {
  /** RDMSR of 800h + `register`; undefined is #GP. */
  readMsr(register: number): [low: number, high: number] | undefined {
    if (!this.extended()) return undefined;
    if (register === REGISTER.ICR) return [this.s.icr[0], this.s.icr[1]];
    const value = this.read(register);
    return value === undefined ? undefined : [value >>> 0, 0];
  }

  /** WRMSR of 800h + `register`; false is #GP. Reserved bits must be clear (SDM Vol. 3A §10.12.1.3). */
  writeMsr(register: number, low: number, high: number): boolean {
    if (!this.extended()) return false;
    if (register === REGISTER.ICR) {
      if (low & 0xfff32000) return false;
      this.s.icr = [(low & ~LVT.PENDING) >>> 0, high >>> 0];
      this.sendIpi(low, high >>> 0);
      return true;
    }
    if (high !== 0) return false;
    if (register === REGISTER.SELF_IPI) {
      if (low & ~0xff) return false;
      if (low < LEGAL_VECTOR) this.error(ESR.SEND_ILLEGAL);
      else this.receive(DELIVERY.FIXED, low, false);
      return true;
    }
    if (register === REGISTER.LDR || (low & ~this.extendedMask(register)) !== 0) return false;
    return this.write(register, low);
  }

  /** Bits of an x2APIC register that a write may have set. */
  private extendedMask(register: number): number {
    if (isLvt(register)) return LVT_WRITABLE[register - REGISTER.LVT_TIMER]! | LVT.PENDING | LVT.REMOTE_IRR;
    switch (register) {
      case REGISTER.TPR:
        return 0xff;
      case REGISTER.SVR:
        return 0x11ff;
      case REGISTER.TIMER_INITIAL:
        return -1;
      case REGISTER.TIMER_DIVIDE:
        return 0xb;
      default:
        return 0;
    }
  }

  /** Where its registers are in memory; nowhere while it is disabled or in x2APIC mode. */
  memory(): readonly (readonly [first: number, size: number])[] {
    return this.mapped() ? [[this.page(), SIZE]] : [];
  }

  private mapped(): boolean {
    return this.enabled() && !this.extended();
  }

  private page(): number {
    return this.s.base[1] * 0x1_0000_0000 + ((this.s.base[0] & 0xfffff000) >>> 0);
  }

  claims(address: number): boolean {
    const offset = address - this.page();
    return offset >= 0 && offset < SIZE && this.mapped();
  }

  /** Registers are 32 bits at multiples of 16; what lies between reads as zero. */
  readMemory(address: number, destination: Uint8Array): void {
    const offset = address % SIZE;
    destination.fill(0);
    const within = offset & 15;
    if (within + destination.length > 4 && within !== 0) return;
    const value = this.readMapped(offset >>> 4);
    for (let i = 0; i < destination.length && within + i < 4; i++) destination[i] = value >>> ((within + i) * 8);
  }

  private readMapped(register: number): number {
    if (register === REGISTER.DFR) return this.s.dfr;
    if (register === REGISTER.APR) return this.arbitrationPriority();
    if (register === REGISTER.RRD || register === REGISTER.EOI) return 0;
    if (register === REGISTER.ICR_HIGH) return this.s.icr[1];
    const value = this.read(register);
    if (value === undefined) this.error(ESR.ILLEGAL_REGISTER);
    return value ?? 0;
  }

  /** SDM Vol. 3A §10.6.2.4. */
  private arbitrationPriority(): number {
    const requested = Math.max(0, this.irr.highest()) & 0xf0;
    const inService = Math.max(0, this.isr.highest()) & 0xf0;
    const own = this.s.tpr & 0xf0;
    return own >= requested && own > inService ? this.s.tpr : Math.max(own, inService, requested);
  }

  writeMemory(address: number, source: Uint8Array): void {
    const offset = address % SIZE;
    if (offset & 15 || source.length < 4) return;
    const value = (source[0]! | (source[1]! << 8) | (source[2]! << 16) | (source[3]! << 24)) >>> 0;
    const register = offset >>> 4;
    switch (register) {
      case REGISTER.ID:
        this.s.id = value >>> 24;
        return;
      case REGISTER.LDR:
        this.s.ldr = (value & 0xff000000) >>> 0;
        return;
      case REGISTER.DFR:
        this.s.dfr = (value | 0x0fffffff) >>> 0;
        return;
      case REGISTER.ICR:
        this.s.icr[0] = (value & 0xccfff) >>> 0;
        this.sendIpi(value, this.s.icr[1]);
        return;
      case REGISTER.ICR_HIGH:
        this.s.icr[1] = (value & 0xff000000) >>> 0;
        return;
      default:
        // Read-only registers take no notice; what is not there at all is an error.
        if (!this.write(register, value) && this.isAbsent(register)) this.error(ESR.ILLEGAL_REGISTER);
    }
  }

  private isAbsent(register: number): boolean {
    return this.read(register) === undefined && register !== REGISTER.APR && register !== REGISTER.RRD;
  }
}
