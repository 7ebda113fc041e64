import type { DebugRegisters } from './debugRegisters.ts';
import type { DecodedInstruction } from './decode/decoded.ts';
import { codeBitsOf } from './decode/decoder.ts';
import type { StepExports } from './engine/exports.ts';
import { STATUS } from './engine/record.ts';
import type { Processor } from './profiles/profiles.ts';
import type { Schedule } from './schedule.ts';
import { STATE, type StateView } from './state.ts';
import type { HostContext } from './system/host/context.ts';
import type { Bus } from './vcpu.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What instructions in TypeScript reach. */
export interface HostSurroundings {
  readonly state: StateView;
  readonly exports: StepExports;
  readonly processor: Processor;
  readonly schedule: Schedule;
  readonly bus: Bus;
  readonly debugRegisters: DebugRegisters;
  /** Machine time in steps. */
  time(): number;
  /** The run ends with this sentence. */
  refuse(sentence: string): void;
}

/** Contexts of the instructions in TypeScript: one object for all of them, in which what differs is set before each. */
export class HostContextSource {
  private readonly context: Mutable<HostContext>;

  constructor({ state, exports, processor, schedule, bus, debugRegisters, time, refuse }: HostSurroundings) {
    this.context = {
      state,
      exports,
      processor,
      operands: [],
      code: '',
      length: 0,
      codeBits: 64,
      prefixes: 0,
      addressBits: 64,
      segment: 0,
      opcode: 0,
      apic: () => schedule.apic(),
      changeApic: () => {
        bus.disturbed = true;
        return schedule.apic();
      },
      timeStamp: () => bus.timeStamp(time()),
      vcpuCount: schedule.turns.count,
      memory: undefined,
      portIn: (port, size) => {
        debugRegisters.port(port, size);
        return bus.portIn(port, size);
      },
      portOut: (port, size, value) => {
        debugRegisters.port(port, size);
        bus.portOut(port, size, value);
      },
      unsupported: (sentence) => {
        refuse(sentence);
        return STATUS.UNSUPPORTED;
      },
      updateWatch: () => debugRegisters.update(),
    };
  }

  /** The context of an instruction, or of none: valid until the next call. */
  of(decoded: DecodedInstruction | undefined): HostContext {
    const { context } = this;
    context.operands = decoded?.hostOperands ?? [];
    context.code = decoded?.code ?? '';
    context.length = decoded?.length ?? 0;
    context.prefixes = decoded?.prefixes ?? 0;
    context.addressBits = decoded?.addressBits ?? 64;
    context.opcode = decoded?.immediateLow ?? 0;
    context.segment = decoded?.segment ?? 0;
    context.memory = decoded?.memory;
    context.codeBits = codeBitsOf(context.state.get32(STATE.context));
    return context;
  }
}
