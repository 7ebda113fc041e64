import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bootFolder } from './boot.ts';
import { MARK_REGISTERS, type Mark, type MarkRegister, SHADOW_STACK_QUADWORDS } from './marks.ts';

export interface BochsOptions {
  /** The binary. */
  readonly path: string;
  /** The last 64 KiB of the ROM. */
  readonly boot: Uint8Array;
  /** What boot.s copies to 1 MiB. */
  readonly guest: Uint8Array;
  readonly model: string;
}

/** `calc` of this ends an answer; the debugger prints it in hexadecimal. */
const SENTINEL = 0x5ad0_57e9;

/** Where the debugger's parameter tree has each register (`show "cpu0"`). */
const PARAMETERS: Record<MarkRegister, string> = {
  ...(Object.fromEntries(MARK_REGISTERS.slice(0, 16).map((name) => [name, name.toUpperCase()])) as Record<
    MarkRegister,
    string
  >),
  rflags: 'EFLAGS',
  cs: 'CS.selector',
  ss: 'SS.selector',
  cr0: 'CR0',
  cr2: 'CR2',
  cr3: 'CR3',
  cr4: 'CR4',
  efer: 'MSR.EFER',
  ssp: 'SSP',
  u_cet: 'MSR.ia32_cet_u_ctrl',
  s_cet: 'MSR.ia32_cet_s_ctrl',
  pl0_ssp: 'MSR.ia32_pl0_ssp',
  pl1_ssp: 'MSR.ia32_pl1_ssp',
  pl2_ssp: 'MSR.ia32_pl2_ssp',
  pl3_ssp: 'MSR.ia32_pl3_ssp',
  interrupt_ssp_table_addr: 'MSR.ia32_interrupt_ssp_table',
};

/** A Bochs under its own debugger, spoken to through its standard input and output. */
export class Bochs {
  readonly version: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #folder: string;
  #output = '';
  #wake: (() => void) | undefined;
  #ended = false;

  private constructor(process: ChildProcessWithoutNullStreams, folder: string, version: string) {
    this.#process = process;
    this.#folder = folder;
    this.version = version;
    const take = (chunk: Buffer) => {
      this.#output += chunk.toString('latin1');
      this.#wake?.();
    };
    process.stdout.on('data', take);
    process.stderr.on('data', take);
    process.on('exit', () => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  static async start({ path, boot, guest, model }: BochsOptions): Promise<Bochs> {
    const lines = ['com1: enabled=1, mode=file, dev=serial'];
    const folder = bootFolder({ boot, guest, model, mebibytes: 64, lines });
    const process = spawn(path, ['-debugger', '-q', '-f', 'bochsrc'], { cwd: folder });
    const version = await new Promise<string>((resolve, reject) => {
      let text = '';
      process.once('error', reject);
      process.stdout.on('data', function read(chunk: Buffer) {
        text += chunk.toString('latin1');
        const found = /Bochs x86 Emulator (\S+)/.exec(text);
        if (!found) return;
        process.stdout.off('data', read);
        resolve(`Bochs ${found[1]}`);
      });
      process.once('exit', () => reject(new Error(`Bochs ended at once:\n${text}`)));
    });
    const bochs = new Bochs(process, folder, version);
    await bochs.#ask([]);
    return bochs;
  }

  stop(): void {
    this.#process.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Sends debugger commands and gives what they print. */
  async #ask(commands: readonly string[]): Promise<string> {
    this.#output = '';
    this.#process.stdin.write([...commands, `calc 0x${SENTINEL.toString(16)}`, ''].join('\n'));
    const end = new RegExp(`0x0*${SENTINEL.toString(16)}\\b`);
    for (;;) {
      const found = end.exec(this.#output);
      if (found) return this.#output.slice(0, found.index);
      if (this.#ended) throw new Error(`Bochs ended:\n${this.#output}\n${this.#log()}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #log(): string {
    return readFileSync(join(this.#folder, 'log'), 'latin1').split('\n').slice(-40).join('\n');
  }

  async breakAt(addresses: readonly bigint[]): Promise<void> {
    await this.#ask(addresses.map((address) => `lb 0x${address.toString(16)}`));
  }

  /** Runs to the next breakpoint and gives its address. */
  async continue(): Promise<bigint> {
    const answer = await this.#ask(['c']);
    const found = /Breakpoint \d+, 0x([0-9a-f]+)/.exec(answer);
    if (!found) throw new Error(`No breakpoint was reached:\n${answer}\n${this.#log()}`);
    return BigInt(`0x${found[1]}`);
  }

  async #state(): Promise<Map<string, bigint>> {
    const values = new Map<string, bigint>();
    const path: string[] = [];
    for (const line of (await this.#ask(['show "cpu0"'])).split('\n')) {
      const open = /^\s*(\w+) = \{/.exec(line);
      if (open) path.push(open[1]!);
      else if (/^\s*\}/.test(line)) path.pop();
      const value = /^\s*(\w+) = (0x[0-9a-f]+|\d+)\s*$/.exec(line);
      if (value) values.set([...path.slice(1), value[1]].join('.'), BigInt(value[2]!));
    }
    return values;
  }

  async register(name: MarkRegister): Promise<bigint> {
    return parameter(await this.#state(), name);
  }

  async mark(label: string): Promise<Mark> {
    const state = await this.#state();
    const registers = Object.fromEntries(MARK_REGISTERS.map((name) => [name, parameter(state, name)]));
    const ssp = parameter(state, 'ssp');
    const shadowStack = ssp === 0n ? [] : await this.#quadwords(ssp, SHADOW_STACK_QUADWORDS);
    return { label, registers, shadowStack };
  }

  /** Linear memory, as many of `count` quadwords as can be read. */
  async #quadwords(address: bigint, count: number): Promise<bigint[]> {
    const answer = await this.#ask([`x /${count}gx 0x${address.toString(16)}`]);
    return [...answer.matchAll(/^0x[0-9a-f]+ <[^>]*>:(.*)$/gm)].flatMap(([, row]) =>
      [...row!.matchAll(/0x([0-9a-f]+)/g)].map(([, digits]) => BigInt(`0x${digits}`)),
    );
  }

  async quadword(address: bigint): Promise<bigint> {
    const [value] = await this.#quadwords(address, 1);
    if (value === undefined) throw new Error(`Nothing can be read at 0x${address.toString(16)}.`);
    return value;
  }

  async read(address: bigint, length: number): Promise<Uint8Array> {
    await this.#ask([`writemem "memory" 0x${address.toString(16)} ${length}`]);
    return new Uint8Array(readFileSync(join(this.#folder, 'memory')));
  }

  /** Lets the serial port send what it still holds: the processor spins in `jmp .`. Only at the end of a run. */
  async drainSerial(steps: number): Promise<string> {
    const rip = parameter(await this.#state(), 'rsp') & ~0xfffn;
    await this.#ask([`setpmem 0x${rip.toString(16)} 2 0xfeeb`, `set rip = 0x${rip.toString(16)}`, `s ${steps}`]);
    return readFileSync(join(this.#folder, 'serial'), 'latin1');
  }
}

function parameter(state: ReadonlyMap<string, bigint>, name: MarkRegister): bigint {
  const value = state.get(PARAMETERS[name]);
  if (value === undefined) throw new Error(`Bochs shows no ${PARAMETERS[name]}: was it built with CET?`);
  return value;
}
