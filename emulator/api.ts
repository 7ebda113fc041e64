import type { HostPhysicalAddress, LinearAddress } from './addresses.ts';
import type { CpuidOverrides, MsrOverrides } from './cpu/profiles/overrides.ts';
import type { SegmentedAddress, TranslationAccess, TranslationExplanation } from './memory/explanation.ts';

export type {
  CachedStructureStep,
  CachedTranslation,
  EntryStep,
  MemoryTypeStep,
  ProtectionKeyStep,
  ReverseMapping,
  SegmentedAddress,
  SegmentStep,
  TranslationAccess,
  TranslationExplanation,
  TranslationOutcome,
  TranslationRights,
} from './memory/explanation.ts';

/**
 * What `emulator/machine.ts` offers to `emulator/debug`, the loaders and the command line. Everything here is
 * synchronous and deterministic: the same configuration, loads, console input and writes give the same run, step by
 * step. Time is counted in steps (a retired instruction, a REP iteration, a delivered event).
 */
export interface MachineConfiguration {
  /** A CPU profile name: `tigerlake`, `sapphirerapids`. */
  cpu: string;
  /** CPUID features by name, switched on or off against the profile. */
  features?: Readonly<Record<string, boolean>>;
  /** Raw CPUID bits: `{ "7.0.ebx": { set, clear } }`. */
  cpuid?: CpuidOverrides;
  /** MSRs after reset: `{ "0x3a": 5 }`. */
  msrs?: MsrOverrides;
  /** Of RDRAND and RDSEED: a number of 32 bits, 0 when absent. */
  seed?: number;
  /** Guest RAM from address 0, in bytes; a multiple of 2 MiB. */
  memoryBytes: number;
  /** vCPUs, 1 to 8; 1 when absent. vCPU 0 is the bootstrap processor, the others wait for a SIPI. */
  cpus?: number;
  /** What the guest runs on: `bare` (the default) is a processor and devices of its own. */
  machine?: 'bare';
}

/**
 * What a vCPU is doing. `waitForSipi`: an application processor that no start-up IPI has reached yet; its registers are
 * those of power-up and it takes no step. `mwait`: in MWAIT. `frozen`: before an x87 instruction that waits for IRQ 13 of
 * an unmasked exception (CR0.NE = 0).
 */
export type VcpuActivity = 'active' | 'halted' | 'shutdown' | 'waitForSipi' | 'mwait' | 'frozen';

/**
 * Why `run` came back. Unless stated, RIP is the next instruction to execute and nothing of it has happened. With
 * several vCPUs it is about `MachineApi.currentVcpu`.
 */
export type RunExit =
  /** All steps asked for were taken, or `requestStop` was called. */
  | { readonly kind: 'budget' }
  /** RIP is at an execution breakpoint. */
  | { readonly kind: 'breakpoint' }
  /** An event that a stop was asked for is about to be delivered; the next `run` delivers it. */
  | { readonly kind: 'exception'; readonly event: PendingEvent }
  /** HLT with nothing that could ever wake the processor. */
  | { readonly kind: 'halted'; readonly sentence: string }
  /** The guest shut the processor down (SDM Vol. 3A §6.15); `sentence` tells the chain of faults. */
  | { readonly kind: 'tripleFault'; readonly sentence: string }
  /** The guest wrote `code` to the debug-exit port; the process status is `(code << 1 | 1) & 0xff`. */
  | { readonly kind: 'debugExit'; readonly code: number }
  /** The guest switched the machine off (ACPI S5, or "Shutdown" to port 8900h). */
  | { readonly kind: 'poweredOff'; readonly sentence: string }
  /** The guest reset the machine, which has no firmware to start it again. */
  | { readonly kind: 'reset'; readonly sentence: string }
  /** The guest used something that the machine does not have and that has no architectural fault. */
  | { readonly kind: 'unsupported'; readonly sentence: string };

export interface PendingEvent {
  readonly vector: number;
  readonly source: 'fault' | 'trap' | 'software' | 'external';
  /** Present for the vectors that push one. */
  readonly errorCode?: number;
  /** Linear address for #PF. */
  readonly cr2?: bigint;
  /** For #CP: what was compared, where it applies. */
  readonly controlProtection?: {
    readonly cause: 'NEAR-RET' | 'FAR-RET/IRET' | 'ENDBRANCH' | 'RSTORSSP' | 'SETSSBSY';
    /** NEAR-RET, FAR-RET: what the shadow stack holds. RSTORSSP, SETSSBSY: the token that was needed. */
    readonly expected?: bigint;
    /** NEAR-RET, FAR-RET: what the ordinary stack holds. RSTORSSP, SETSSBSY: the token found. */
    readonly actual?: bigint;
  };
}

export interface RunOptions {
  /** Take the first step even when RIP is at a breakpoint. */
  readonly ignoreBreakpointAtStart?: boolean;
  /**
   * Come back with `budget` when this vCPU is the one that takes the next step, at once if it is already: `run(limit,
   * { untilVcpu: n })` and then `run(1)` steps vCPU n without changing whose turn it is.
   */
  readonly untilVcpu?: number;
}

export type TranslationResult =
  | { readonly ok: true; readonly physical: HostPhysicalAddress }
  /** `errorCode` is the #PF error code of a supervisor read, -1 when the address is not canonical. */
  | { readonly ok: false; readonly errorCode: number; readonly sentence: string };

export interface MemoryRead {
  /** The readable bytes from the start; shorter than asked for when an address cannot be read. */
  readonly data: Uint8Array;
  readonly sentence?: string;
}

/**
 * A register that the debugger can name. `group` says in which scope it stands; flags are separate entries of width 1
 * in group `flags` (`CF`, `ZF`, `IOPL` …).
 */
export interface RegisterDescription {
  readonly name: string;
  readonly group: 'general' | 'flags' | 'segments' | 'control' | 'debug' | 'cet' | 'x87' | 'sse' | 'msr';
  readonly bits: number;
  readonly description: string;
}

export interface MachineApi {
  readonly configuration: MachineConfiguration;
  /** Steps of all vCPUs since reset. A jump of idle time to the next timer counts one. */
  readonly steps: number;
  /** How many vCPUs there are. They take turns of a fixed number of steps, one that sleeps is passed over. */
  readonly vcpuCount: number;
  /** The vCPU (0 …) that takes the next step. After `run`: the one that stopped. */
  readonly currentVcpu: number;
  /**
   * The vCPU that registers, `codeBits`, `instructionAddress`, `translate`, `readLinear` and `writeLinear` are about:
   * `currentVcpu` after every `run` and `restore`, until `selectVcpu`. Selecting changes nothing that the guest can see,
   * nor whose turn it is.
   */
  readonly selectedVcpu: number;
  /** @throws RangeError when there is no such vCPU */
  selectVcpu(index: number): void;
  vcpuActivity(index: number): VcpuActivity;
  /** Runs at most `maxSteps` steps, of whichever vCPUs have their turn. Breakpoints hold on every vCPU. */
  run(maxSteps: number, options?: RunOptions): RunExit;
  /** Linear addresses; replaces the set. */
  setBreakpoints(addresses: Iterable<LinearAddress>): void;
  /** Bit v: stop before vector v is delivered. */
  setExceptionStops(vectors: number): void;

  readonly registers: readonly RegisterDescription[];
  /** By name as in `registers`, lower case, plus the sub-registers (`eax`, `ax`, `al`, `ah`, `r8d` …). */
  readRegister(name: string): bigint;
  /** Writes as a debugger does. Returns one sentence when the processor could not hold the value. */
  writeRegister(name: string, value: bigint): string | undefined;
  /** 16, 32 or 64: how the code at RIP is decoded. */
  codeBits(): 16 | 32 | 64;
  /** RIP plus the code segment's base. */
  instructionAddress(): LinearAddress;

  /** Walks the page tables as a supervisor read with every check off that a debugger should not trip on; changes nothing. */
  translate(address: LinearAddress): TranslationResult;
  /**
   * Every step from an address to physical memory, for an access of a kind: segment, linear-address masking, each
   * paging-structure entry with its flags, combined rights, protection key, memory type, a stale translation in the TLB,
   * and the physical address or the bit that refuses with the error code. Changes nothing in the machine.
   *
   * @throws RangeError with one sentence for a segment that does not exist
   */
  explainTranslation(address: LinearAddress | SegmentedAddress, access?: TranslationAccess): TranslationExplanation;
  readLinear(address: LinearAddress, length: number): MemoryRead;
  /** Writes whole or not at all; a sentence when some byte cannot be written. Read-only pages are written through. */
  writeLinear(address: LinearAddress, data: Uint8Array): string | undefined;
  readPhysical(address: HostPhysicalAddress, length: number): MemoryRead;
  writePhysical(address: HostPhysicalAddress, data: Uint8Array): string | undefined;

  /** Bytes that the guest wrote to the serial port, as they come. */
  onSerialOutput(listener: (bytes: Uint8Array) => void): void;
  serialInput(bytes: Uint8Array): void;
  /** Sentences about what the guest did that this machine treats in a way of its own. */
  onNotice(listener: (sentence: string) => void): void;

  snapshot(): MachineSnapshot;
  restore(snapshot: MachineSnapshot): void;
  /** A digest of everything the guest could ever see. */
  stateHash(): string;
}

/** Opaque, immutable; lives as long as it is referenced. */
export interface MachineSnapshot {
  readonly steps: number;
}
