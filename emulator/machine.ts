import { type HostPhysicalAddress, hostPhysical, type LinearAddress, linear } from './addresses.ts';
import type {
  MachineApi,
  MachineConfiguration,
  MachineSnapshot,
  MemoryRead,
  RegisterDescription,
  RunExit,
  RunOptions,
  TranslationResult,
  VcpuActivity,
} from './api.ts';
import { codeBitsOf } from './cpu/decode/decoder.ts';
import type { BlockCache } from './cpu/engine/blockCache.ts';
import { loadStepModule } from './cpu/engine/loadStepModule.ts';
import { Processor } from './cpu/profiles/profiles.ts';
import { REGISTERS, readRegister, readRflags, writeRegister, writeRflags } from './cpu/registers.ts';
import type { SavedSchedule } from './cpu/schedule.ts';
import { STATE, StateView } from './cpu/state.ts';
import { followControlRegisters } from './cpu/system/host/pdpteRegisters.ts';
import type { Turns } from './cpu/turns.ts';
import { Vcpu } from './cpu/vcpu.ts';
import { Platform } from './devices/platform.ts';
import { Digest } from './memory/digest.ts';
import { TranslationExplainer } from './memory/explainTranslation.ts';
import type { SegmentedAddress, TranslationAccess, TranslationExplanation } from './memory/explanation.ts';
import { HostMemory } from './memory/hostMemory.ts';
import { inspectTranslation } from './memory/inspect.ts';
import { ARCH_TLB_BASE, ARCH_TLB_SIZE, RAM_BASE, STATE_BASE, STATE_SIZE } from './memory/map.ts';
import type { MemoryType } from './memory/memoryTypes.ts';
import { accessedMemoryType } from './memory/tlbView.ts';

/** So many logical IDs has a flat xAPIC destination. */
const MOST_CPUS = 8;

/** By number, as in STATE.activity. */
const ACTIVITIES: readonly VcpuActivity[] = ['active', 'halted', 'shutdown', 'waitForSipi', 'mwait', 'frozen'];

interface Snapshot extends MachineSnapshot {
  readonly schedule: SavedSchedule;
  readonly devices: unknown;
  readonly deliveries: Uint8Array;
  readonly lockedSplits: number;
  readonly eventShown: boolean;
}

/** The whole machine: one vCPU, RAM, and the devices around it. */
export class Machine implements MachineApi {
  readonly configuration: MachineConfiguration;
  readonly registers: readonly RegisterDescription[] = REGISTERS;
  private readonly memory: HostMemory;
  private readonly vcpu: Vcpu;
  private readonly platform: Platform;
  private readonly listeners: ((bytes: Uint8Array) => void)[] = [];
  private readonly noticeListeners: ((sentence: string) => void)[] = [];

  /** @throws RangeError with one sentence when the configuration cannot be had */
  static create(configuration: MachineConfiguration): Machine {
    return new Machine(configuration);
  }

  private constructor(configuration: MachineConfiguration) {
    this.configuration = configuration;
    const cpus = configuration.cpus ?? 1;
    if (!Number.isInteger(cpus) || cpus < 1 || cpus > MOST_CPUS) {
      throw new RangeError(`cpus: ${cpus} cannot be had; it must be a whole number from 1 to ${MOST_CPUS}.`);
    }
    const processor = Processor.create(configuration.cpu, configuration.features, configuration);
    this.memory = new HostMemory(configuration.memoryBytes);
    this.platform = new Platform(
      { memoryBytes: configuration.memoryBytes, cpus, tsc: processor.profile.tsc },
      {
        // Devices are made before the processor.
        time: () => (this.vcpu as Vcpu | undefined)?.time() ?? 0,
        currentVcpu: () => this.currentVcpu,
        readMemory32: (address) => {
          const { data } = this.readPhysical(hostPhysical(address), 4);
          return data.length === 4 ? new DataView(data.buffer).getUint32(0, true) : -1 >>> 0;
        },
        serialOutput: (byte) => {
          for (const listener of this.listeners) listener(Uint8Array.of(byte));
        },
        notice: (sentence) => {
          for (const listener of this.noticeListeners) listener(sentence);
        },
      },
    );
    const { module, compiled } = loadStepModule();
    this.vcpu = new Vcpu(this.memory, module, compiled, processor, this.platform, cpus);
  }

  private get turns(): Turns {
    return this.vcpu.schedule.turns;
  }

  get vcpuCount(): number {
    return this.turns.count;
  }

  get currentVcpu(): number {
    return this.turns.turn;
  }

  get selectedVcpu(): number {
    return this.turns.selected;
  }

  private known(index: number): number {
    if (Number.isInteger(index) && index >= 0 && index < this.vcpuCount) return index;
    throw new RangeError(`vCPU ${index}: the machine has ${this.vcpuCount}, from number 0.`);
  }

  selectVcpu(index: number): void {
    this.turns.load(this.known(index));
  }

  vcpuActivity(index: number): VcpuActivity {
    return ACTIVITIES[this.turns.view(this.known(index)).get32(STATE.activity)] ?? 'active';
  }

  get steps(): number {
    return this.vcpu.steps;
  }

  /** Steps that each vCPU took; together they are `steps`. */
  get vcpuSteps(): readonly number[] {
    return this.turns.taken;
  }

  /** Exceptions delivered so far, by vector. */
  get exceptions(): ReadonlyMap<number, number> {
    return this.vcpu.deliveries.exceptions();
  }

  /** Interrupts and INT n delivered so far, by vector. */
  get interrupts(): ReadonlyMap<number, number> {
    return this.vcpu.deliveries.interrupts();
  }

  /** Locked accesses so far that crossed a 64-byte line. */
  get lockedSplits(): number {
    return this.vcpu.lockedSplits;
  }

  /** Power-up state; RAM keeps its content unless `clearMemory`. Snapshots are forgotten. */
  reset(clearMemory = true): void {
    this.memory.dropVersions();
    if (clearMemory) this.memory.bytes.fill(0, RAM_BASE, RAM_BASE + this.memory.size);
    this.platform.reset();
    this.vcpu.reset();
  }

  run(maxSteps: number, options?: RunOptions): RunExit {
    return this.vcpu.run(maxSteps, options);
  }

  /** Compiles ahead what `runBlock` would run in each of the states that `states` puts the machine in. */
  prepareBlocks(limit: number, blocks: BlockCache, states: Iterable<void>): void {
    const lines = Array.from(states, () => this.vcpu.lineAtRip(limit));
    blocks.prepare(lines, this.vcpu.compileImports());
  }

  /** The straight line at RIP through the block compiler; see `Vcpu.runBlock`. */
  runBlock(limit: number, blocks: BlockCache): RunExit | undefined {
    return this.vcpu.runBlock(limit, blocks);
  }

  setBreakpoints(addresses: Iterable<LinearAddress>): void {
    this.vcpu.setBreakpoints(addresses);
  }

  setExceptionStops(vectors: number): void {
    this.vcpu.setExceptionStops(vectors);
  }

  readRegister(name: string): bigint {
    return readRegister(this.vcpu.state, name.toLowerCase());
  }

  writeRegister(name: string, value: bigint): string | undefined {
    const refused = writeRegister(this.vcpu.state, name.toLowerCase(), value);
    if (!refused) this.afterRegisterWrite(name.toLowerCase());
    return refused;
  }

  private afterRegisterWrite(name: string): void {
    const { state, exports } = this.vcpu;
    if (/^(cr[034]|efer)$/.test(name)) {
      followControlRegisters(state);
      exports.tlbFlush(0);
    }
    // SS's DPL is the privilege level; a debugger that writes CS's selector means its RPL (Vol. 3A §5.5).
    if (name === 'cs') state.set32(STATE.cpl, Number(this.readRegister('cs')) & 3);
    if (name === 'rip') state.set32(STATE.eventPending, 0);
    if (name === 'rip') state.set32(STATE.activity, 0);
    if (name === 'rip') state.set32(STATE.repeating, 0);
    if (name === 'cr8') this.platform.localApic(this.selectedVcpu).taskPriority = state.low(STATE.cr8) << 4;
    this.platform.disturbed = true;
    this.vcpu.touch();
  }

  codeBits(): 16 | 32 | 64 {
    this.vcpu.exports.updateContext();
    return codeBitsOf(this.vcpu.state.get32(STATE.context));
  }

  instructionAddress(): LinearAddress {
    return linear(this.vcpu.instructionAddress());
  }

  translate(address: LinearAddress): TranslationResult {
    return inspectTranslation(this.vcpu.state, this.memory, address);
  }

  explainTranslation(address: LinearAddress | SegmentedAddress, access?: TranslationAccess): TranslationExplanation {
    return new TranslationExplainer(this.vcpu.state, this.memory).explain(address, access);
  }

  /** Memory type of the page that an access to a linear address has just reached; undefined when the TLB has no such page. */
  accessedMemoryType(address: LinearAddress): MemoryType | undefined {
    return accessedMemoryType(this.vcpu.state, address);
  }

  readPhysical(address: HostPhysicalAddress, length: number): MemoryRead {
    if (address >= this.memory.size) {
      return {
        data: new Uint8Array(0),
        sentence: `Physical address 0x${address.toString(16)} is outside RAM (0x${this.memory.size.toString(16)} bytes).`,
      };
    }
    const end = Math.min(address + length, this.memory.size);
    return { data: this.memory.bytes.slice(RAM_BASE + address, RAM_BASE + end) };
  }

  writePhysical(address: HostPhysicalAddress, data: Uint8Array): string | undefined {
    if (address + data.length > this.memory.size) {
      return `Physical memory 0x${address.toString(16)}–0x${(address + data.length - 1).toString(16)} reaches outside RAM (0x${this.memory.size.toString(16)} bytes).`;
    }
    for (let done = 0; done < data.length; ) {
      const at = address + done;
      const part = Math.min(data.length - done, 0x1000 - (at & 0xfff));
      this.vcpu.exports.prepareWrite(at, part);
      this.vcpu.code.invalidate(at, part);
      this.memory.bytes.set(data.subarray(done, done + part), RAM_BASE + at);
      done += part;
    }
    // The record that the run stands at may be gone.
    if (data.length > 0) this.vcpu.touch();
    return undefined;
  }

  readLinear(address: LinearAddress, length: number): MemoryRead {
    const data = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const at = linear(address + BigInt(done));
      const part = Math.min(length - done, 0x1000 - Number(at & 0xfffn));
      const translated = this.translate(at);
      const read = translated.ok ? this.readPhysical(translated.physical, part) : undefined;
      if (!read || read.data.length < part) {
        const got = read?.data ?? new Uint8Array(0);
        data.set(got, done);
        const sentence = translated.ok
          ? (read?.sentence ?? `Linear address 0x${at.toString(16)} lies outside RAM.`)
          : translated.sentence;
        return { data: data.slice(0, done + got.length), sentence };
      }
      data.set(read.data, done);
      done += part;
    }
    return { data };
  }

  writeLinear(address: LinearAddress, data: Uint8Array): string | undefined {
    const parts: { physical: HostPhysicalAddress; data: Uint8Array }[] = [];
    for (let done = 0; done < data.length; ) {
      const at = linear(address + BigInt(done));
      const part = Math.min(data.length - done, 0x1000 - Number(at & 0xfffn));
      const translated = this.translate(at);
      if (!translated.ok) return translated.sentence;
      if (translated.physical + part > this.memory.size) return `Linear address 0x${at.toString(16)} lies outside RAM.`;
      parts.push({ physical: hostPhysical(translated.physical), data: data.subarray(done, done + part) });
      done += part;
    }
    for (const part of parts) this.writePhysical(part.physical, part.data);
    return undefined;
  }

  onSerialOutput(listener: (bytes: Uint8Array) => void): void {
    this.listeners.push(listener);
  }

  onNotice(listener: (sentence: string) => void): void {
    this.noticeListeners.push(listener);
  }

  serialInput(bytes: Uint8Array): void {
    this.platform.serial.receive(bytes);
  }

  private region(base: number, size: number): Uint8Array {
    return new Uint8Array(this.memory.memory.buffer, base, size);
  }

  snapshot(): MachineSnapshot {
    const snapshot: Snapshot = {
      steps: this.steps,
      schedule: this.vcpu.schedule.save(),
      devices: this.platform.save(),
      deliveries: this.vcpu.deliveries.save(),
      lockedSplits: this.lockedSplits,
      eventShown: this.vcpu.eventShown,
    };
    this.memory.beginVersion(snapshot);
    this.vcpu.exports.flushFast();
    return snapshot;
  }

  /** @throws RangeError when the snapshot belongs to another machine or to the time after a restored one */
  restore(snapshot: MachineSnapshot): void {
    const s = snapshot as Snapshot;
    if (!this.memory.rewind(s, (address) => this.vcpu.code.invalidate(address, 0x1000))) {
      throw new RangeError('The snapshot is not one of this machine, or lies after one that was restored.');
    }
    this.platform.load(s.devices);
    this.vcpu.restored(s.steps, s.schedule, s.deliveries, s.eventShown);
    this.vcpu.lockedSplits = s.lockedSplits;
  }

  /** STATE without what only tells how the same state came about. */
  private canonicalState(): Uint8Array {
    const copy = new StateView(this.memory.memory.buffer.slice(0, STATE_BASE + STATE_SIZE));
    // Lazy flags have many forms.
    writeRflags(copy, readRflags(copy));
    copy.set32(STATE.context, 0);
    // A fault's delivery ends the shadow that its instruction stood in, noted or not.
    if (copy.get32(STATE.eventPending)) copy.set32(STATE.interruptShadow, 0);
    // The page being fetched from counts only where the TLB would not lead to it again.
    const leaving = ((this.vcpu.instructionAddress() ^ copy.get64(STATE.fetchLinear)) & ~0xfffn) !== 0n;
    if (leaving || this.vcpu.exports.fetchCached()) {
      copy.set32(STATE.fetchPage, -1);
      copy.set64(STATE.fetchLinear, 0n);
    }
    return new Uint8Array(copy.view.buffer, STATE_BASE, STATE_SIZE);
  }

  stateHash(): string {
    const digest = new Digest();
    const { turns, skipped } = this.vcpu.schedule;
    const { selected } = turns;
    for (let vcpu = 0; vcpu < turns.count; vcpu++) {
      turns.load(vcpu);
      digest.bytes(this.canonicalState());
      digest.bytes(this.region(ARCH_TLB_BASE, ARCH_TLB_SIZE));
    }
    turns.load(selected);
    digest.bytes(this.memory.bytes.subarray(RAM_BASE, RAM_BASE + this.memory.size));
    const schedule = turns.count > 1 ? [turns.turn, turns.left] : [];
    const rest = new TextEncoder().encode(JSON.stringify([this.steps, skipped, schedule, this.platform.save()]));
    for (const byte of rest) digest.word(byte);
    return digest.value();
  }
}
