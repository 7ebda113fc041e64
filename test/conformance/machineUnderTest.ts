import { hostPhysical } from '../../emulator/addresses.ts';
import { BlockCache } from '../../emulator/cpu/engine/blockCache.ts';
import { Machine } from '../../emulator/machine.ts';
import type { Observed } from './differences.ts';
import type { VectorMachine, Windows } from './runVectors.ts';
import type { FpuImage } from './state.ts';
import type { Vector } from './vectors.ts';
import { CODE_BASE, CODE_FILL, DATA_BASE, PAGE, STACK_BASE, WINDOW_SIZE } from './windows.ts';

const GENERAL = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');
const PLACES = { code: 0x10000, data: 0x20000, stack: 0x30000 } as const;
const TABLES = 0x1000;
const P_RW_US = 7n;
/** Legacy prefixes (SDM Vol. 2 §2.1.1). */
const PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);

/** The step tier behind the vector runner: windows mapped through 4-level tables, flat user segments. */
export class StepTier implements VectorMachine {
  protected readonly machine = Machine.create({
    cpu: 'tigerlake',
    memoryBytes: 0x200000,
  });

  constructor() {
    this.machine.setExceptionStops(-1);
  }

  reset(bitness: 32 | 64): void {
    const { machine } = this;
    machine.reset();
    this.buildTables();
    const set = (name: string, value: bigint) => {
      const refused = machine.writeRegister(name, value);
      if (refused) throw new Error(refused);
    };
    set('cr3', BigInt(TABLES));
    set('cr4', 0x620n);
    set('efer', 0xd01n);
    set('cr0', 0x80010033n);
    set('cs', 0x33n);
    set('cs.base', 0n);
    set('cs.limit', 0xffffffffn);
    set('cs.attributes', bitness === 64 ? 0xa0fbn : 0xc0fbn);
    for (const name of ['ss', 'ds', 'es']) {
      set(name, 0x2bn);
      set(`${name}.base`, 0n);
      set(`${name}.limit`, 0xffffffffn);
      set(`${name}.attributes`, 0xc0f3n);
    }
  }

  /** PML4, PDPT, PD and one page table per window, all pages user and writable. */
  private buildTables(): void {
    const put = (address: number, value: bigint) => {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, value, true);
      this.machine.writePhysical(hostPhysical(address), bytes);
    };
    const pdpt = TABLES + PAGE;
    const directory = pdpt + PAGE;
    put(TABLES, BigInt(pdpt) | P_RW_US);
    put(pdpt, BigInt(directory) | P_RW_US);
    [
      [CODE_BASE, PLACES.code],
      [DATA_BASE, PLACES.data],
      [STACK_BASE, PLACES.stack],
    ].forEach(([linear, physical], i) => {
      const table = directory + PAGE * (i + 1);
      put(directory + (linear! >>> 21) * 8, BigInt(table) | P_RW_US);
      for (let page = 0; page < WINDOW_SIZE / PAGE; page++) {
        put(table + page * 8, BigInt(physical! + page * PAGE) | P_RW_US);
      }
    });
  }

  load(vector: Vector, image: Windows): void {
    const { machine } = this;
    for (const [name, place] of Object.entries(PLACES)) {
      machine.writePhysical(hostPhysical(place), image[name as keyof Windows]);
    }
    const cpu = vector.before;
    for (const [i, name] of GENERAL.entries()) machine.writeRegister(name, cpu.gpr[i]!);
    machine.writeRegister('rflags', BigInt(cpu.rflags));
    const view = new DataView(cpu.xmm.buffer, cpu.xmm.byteOffset);
    for (let i = 0; i < 16; i++) {
      machine.writeRegister(`xmm${i}`, view.getBigUint64(i * 16, true) | (view.getBigUint64(i * 16 + 8, true) << 64n));
    }
    const { fpu } = cpu;
    if (fpu) {
      machine.writeRegister('fcw', BigInt(fpu.control));
      machine.writeRegister('fsw', BigInt(fpu.status));
      machine.writeRegister('ftw', BigInt(fpu.tags));
      const slots = new DataView(fpu.registers.buffer, fpu.registers.byteOffset);
      for (let i = 0; i < 8; i++) {
        const high = BigInt(slots.getUint16(i * 16 + 8, true)) << 64n;
        machine.writeRegister(`st${i}`, slots.getBigUint64(i * 16, true) | high);
      }
    }
    this.withFpu = fpu !== undefined;
    machine.writeRegister('mxcsr', BigInt(cpu.mxcsr));
    machine.writeRegister('fs.base', cpu.fsBase);
    machine.writeRegister('gs.base', cpu.gsBase);
    machine.writeRegister('rip', BigInt(vector.ip));
  }

  private withFpu = false;

  private readFpu(): FpuImage {
    const { machine } = this;
    const word = (name: string) => Number(machine.readRegister(name));
    const registers = new Uint8Array(128);
    const slots = new DataView(registers.buffer);
    for (let i = 0; i < 8; i++) {
      const value = machine.readRegister(`st${i}`);
      slots.setBigUint64(i * 16, BigInt.asUintN(64, value), true);
      slots.setUint16(i * 16 + 8, Number(value >> 64n), true);
    }
    return { control: word('fcw'), status: word('fsw'), tags: word('ftw'), registers };
  }

  step(): { fault?: number } {
    const { machine } = this;
    const start = machine.readRegister('rip');
    for (let iterations = 0; iterations < 0x20000; iterations++) {
      const exit = machine.run(1);
      if (exit.kind === 'exception') return { fault: exit.event.vector };
      if (exit.kind !== 'budget') throw new Error(`the machine stopped: ${JSON.stringify(exit)}`);
      // A repeated string instruction stays at its address until its last iteration.
      if (machine.readRegister('rip') !== start) return {};
      if (machine.readRegister('rcx') === 0n || !this.repeats(start)) return {};
    }
    throw new Error('a repeated instruction does not end');
  }

  private repeats(rip: bigint): boolean {
    const { data } = this.machine.readPhysical(hostPhysical(PLACES.code + (Number(rip) - CODE_BASE)), 8);
    const opcode = data.findIndex((byte) => !PREFIXES.has(byte) && (byte & 0xf0) !== 0x40);
    return data.subarray(0, opcode).some((byte) => byte === 0xf2 || byte === 0xf3);
  }

  /** Steps to an address, or to a fault. Answers with the steps taken and the fault. */
  stepTo(end: bigint): { steps: number; fault?: number } {
    const { machine } = this;
    const start = machine.steps;
    while (machine.readRegister('rip') !== end) {
      const exit = machine.run(1);
      if (exit.kind === 'exception') return { steps: machine.steps - start, fault: exit.event.vector };
    }
    return { steps: machine.steps - start };
  }

  read(): Observed {
    const { machine } = this;
    const gpr = BigUint64Array.from(GENERAL, (name) => machine.readRegister(name));
    const xmm = new Uint8Array(256);
    const view = new DataView(xmm.buffer);
    for (let i = 0; i < 16; i++) {
      const value = machine.readRegister(`xmm${i}`);
      view.setBigUint64(i * 16, BigInt.asUintN(64, value), true);
      view.setBigUint64(i * 16 + 8, value >> 64n, true);
    }
    return {
      cpu: {
        gpr,
        rflags: Number(machine.readRegister('rflags')),
        xmm,
        mxcsr: Number(machine.readRegister('mxcsr')),
        fsBase: machine.readRegister('fs.base'),
        gsBase: machine.readRegister('gs.base'),
        rip: machine.readRegister('rip'),
        ...(this.withFpu ? { fpu: this.readFpu() } : {}),
      },
      data: machine.readPhysical(hostPhysical(PLACES.data), WINDOW_SIZE).data,
      stack: machine.readPhysical(hostPhysical(PLACES.stack), WINDOW_SIZE).data,
    };
  }
}

/** The same machine with each instruction compiled into a block of its own. */
export class BlockTier extends StepTier {
  private readonly blocks = new BlockCache();
  /** Instructions that only the step tier has. */
  notCompiled = 0;

  /** Passes vectors on in batches whose instructions were compiled together. */
  *batches(vectors: Iterable<Vector>, size = 4096): Generator<Vector> {
    let batch: Vector[] = [];
    for (const vector of vectors) {
      batch.push(vector);
      if (batch.length === size) {
        this.prepare(batch);
        yield* batch;
        batch = [];
      }
    }
    this.prepare(batch);
    yield* batch;
  }

  private prepare(batch: readonly Vector[]): void {
    const windows = { code: new Uint8Array(WINDOW_SIZE), data: new Uint8Array(0), stack: new Uint8Array(0) };
    const { machine } = this;
    const load = (vector: Vector): void => {
      if (vector.bitness !== this.bitness) {
        this.reset(vector.bitness);
        this.bitness = vector.bitness;
      }
      windows.code.fill(CODE_FILL);
      windows.code.set(vector.code, vector.ip - CODE_BASE);
      machine.writePhysical(hostPhysical(PLACES.code), windows.code);
      machine.writeRegister('rip', BigInt(vector.ip));
    };
    const distinct = [...new Map(batch.map((v) => [v.code, v])).values()];
    machine.prepareBlocks(
      1,
      this.blocks,
      (function* () {
        for (const vector of distinct) yield load(vector);
      })(),
    );
    // Back to the mode of the batch's first vector: a file may have both.
    if (batch[0] && batch[0].bitness !== this.bitness) this.reset(batch[0].bitness);
    this.bitness = undefined;
  }
  private bitness: 32 | 64 | undefined;

  /** As `stepTo`, through one block. */
  blockTo(end: bigint): { steps: number; fault?: number } {
    const { machine } = this;
    const start = machine.steps;
    while (machine.readRegister('rip') !== end) {
      const exit = machine.runBlock(64, this.blocks);
      if (!exit) machine.run(1);
      if (exit?.kind === 'exception') return { steps: machine.steps - start, fault: exit.event.vector };
    }
    return { steps: machine.steps - start };
  }

  override step(): { fault?: number } {
    const exit = this.machine.runBlock(1, this.blocks);
    if (!exit) {
      this.notCompiled++;
      return super.step();
    }
    return exit.kind === 'exception' ? { fault: exit.event.vector } : {};
  }
}
