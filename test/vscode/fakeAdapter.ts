import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { CetBody, SetCetArguments, ShadowStackBody, ShadowStackEntry } from '../../adapter/protocol.ts';

/**
 * A debug adapter without a machine, for tests of the extension alone: it walks down the lines of a file, pushes one
 * shadow-stack entry a step, and answers the views' requests as the launch configuration says. VS Code reaches it
 * through the launch key `debugServer`.
 */
export interface FakeScenario {
  program: string;
  /** Entries on the shadow stack at the first stop. */
  entries?: number;
  /** Why shadow stacks are off; without it they are on. */
  off?: string;
  /** Which entry, counted from SSP, differs from the ordinary stack. */
  mismatch?: number;
  /** Why the processor has no CET; without it it has. */
  noCet?: string;
}

export async function startFakeAdapter(): Promise<{ port: number; stop(): void }> {
  const server = createServer((socket) => new FakeSession(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, stop: () => server.close() };
}

const top = 0x8000n;
const hex = (value: bigint): string => `0x${value.toString(16).padStart(16, '0')}`;

class FakeSession {
  readonly #socket: Socket;
  /** Bytes as Latin-1 characters. */
  #received = '';
  #sequence = 1;
  #scenario: FakeScenario = { program: '' };
  #line = 1;
  #edits = new Map<string, string>();
  #control = 0x5n;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (data: string) => this.#receive(data));
    socket.on('error', () => socket.destroy());
  }

  #receive(data: string): void {
    this.#received += data;
    for (;;) {
      const header = this.#received.indexOf('\r\n\r\n');
      if (header < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.#received.slice(0, header))?.[1]);
      const end = header + 4 + length;
      if (this.#received.length < end) return;
      const text = Buffer.from(this.#received.slice(header + 4, end), 'latin1').toString('utf8');
      this.#received = this.#received.slice(end);
      this.#answer(JSON.parse(text) as DebugProtocol.Request);
    }
  }

  #send(message: Record<string, unknown>): void {
    const text = JSON.stringify({ seq: this.#sequence++, ...message });
    this.#socket.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  #event(event: string, body: object = {}): void {
    this.#send({ type: 'event', event, body });
  }

  #answer(request: DebugProtocol.Request): void {
    const { command, seq } = request;
    const answer = { type: 'response', request_seq: seq, command };
    let after: (() => void) | undefined;
    try {
      const body = this.#body(command, request.arguments ?? {}, (run) => {
        after = run;
      });
      this.#send({ ...answer, success: true, body });
    } catch (error) {
      this.#send({ ...answer, success: false, message: error instanceof Error ? error.message : String(error) });
    }
    after?.();
  }

  #body(command: string, args: Record<string, unknown>, then: (run: () => void) => void): object {
    const stopped = (reason: string) => () => this.#event('stopped', { reason, threadId: 1, allThreadsStopped: true });
    switch (command) {
      case 'initialize':
        return { supportsConfigurationDoneRequest: true };
      case 'launch':
        this.#scenario = args as unknown as FakeScenario;
        then(() => this.#event('initialized'));
        return {};
      case 'configurationDone':
        then(stopped('entry'));
        return {};
      case 'threads':
        return { threads: [{ id: 1, name: 'vCPU 0' }] };
      case 'stackTrace': {
        const source = { path: this.#scenario.program };
        return { stackFrames: [{ id: 1000 + this.#line, name: '_start', line: this.#line, column: 1, source }] };
      }
      case 'scopes':
        return { scopes: [{ name: 'Registers', variablesReference: 1, expensive: false }] };
      case 'variables':
        return { variables: [{ name: 'rip', value: hex(BigInt(this.#line)), variablesReference: 0 }] };
      case 'next':
        this.#line++;
        then(stopped('step'));
        return {};
      case 'continue':
        return {};
      case 'pause':
        then(stopped('pause'));
        return {};
      case 'shadowstep/shadowStack':
        return this.#shadowStack(Number(args.count ?? 64));
      case 'shadowstep/setShadowStackEntry':
        this.#edits.set(String(args.address), hex(this.#number(String(args.value))));
        then(() => this.#event('invalidated', { areas: ['all'] }));
        return {};
      case 'shadowstep/cet':
        return this.#cet();
      case 'shadowstep/setCet':
        this.#setCet(args as unknown as SetCetArguments);
        then(() => this.#event('invalidated', { areas: ['all'] }));
        return this.#cet();
      default:
        return {};
    }
  }

  #number(text: string): bigint {
    if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) throw new Error(`"${text}" is no value: a number is expected.`);
    return BigInt(text);
  }

  #shadowStack(count: number): ShadowStackBody {
    const { off, mismatch } = this.#scenario;
    const depth = (this.#scenario.entries ?? 3) + this.#line - 1;
    const ssp = top - 8n * BigInt(depth);
    if (off) {
      return {
        enabled: false,
        reason: off,
        ssp: hex(0n),
        privilege: 'supervisor',
        entries: [],
        nextReturnMismatch: false,
      };
    }
    const entries = Array.from({ length: Math.min(depth, count) }, (_, index): ShadowStackEntry => {
      const address = hex(ssp + 8n * BigInt(index));
      const value = this.#edits.get(address) ?? hex(0x100000n + BigInt(depth - index));
      const number = depth - index;
      if (number === 1)
        return { address, value, size: 8, kind: 'supervisorToken', description: 'supervisor token, busy' };
      const entry: ShadowStackEntry = {
        ...{ address, value, size: 8, kind: 'return', description: 'return address', symbol: `call_${number}+0x5` },
        source: { path: this.#scenario.program, line: number },
      };
      if (index === mismatch) {
        const text = 'The ordinary stack holds another return address.';
        entry.mismatch = { expected: value, actual: hex(0xbad0n), stackAddress: hex(0x7000n), text };
      }
      return entry;
    });
    return { enabled: true, ssp: hex(ssp), privilege: 'supervisor', entries, nextReturnMismatch: mismatch === 0 };
  }

  #cet(): CetBody {
    const { noCet } = this.#scenario;
    if (noCet) return { available: false, reason: noCet, registers: [], summary: { shadowStack: '', tracker: '' } };
    const bit = (name: string, at: number) => {
      const value = (this.#control >> BigInt(at)) & 1n;
      const meaning = value ? 'enabled' : 'disabled';
      return {
        name,
        bits: [at, at] as [number, number],
        value: `0x${value}`,
        meaning,
        description: 'One bit.',
        settable: true,
      };
    };
    return {
      available: true,
      summary: { shadowStack: this.#control & 1n ? 'on at CPL 0' : 'off at CPL 0', tracker: 'IDLE' },
      registers: [
        {
          ...{
            name: 'IA32_S_CET',
            msr: '0x6a2',
            value: hex(this.#control),
            description: 'Supervisor CET.',
            settable: true,
          },
          fields: [bit('ENDBR_EN', 2), bit('WR_SHSTK_EN', 1), bit('SH_STK_EN', 0)],
        },
        {
          ...{ name: 'SSP', value: hex(top - 8n * BigInt(this.#line)), description: 'The pointer.', settable: false },
          fields: [],
        },
      ],
    };
  }

  #setCet({ field, value }: SetCetArguments): void {
    const number = this.#number(value);
    const bits: Record<string, bigint> = { ENDBR_EN: 4n, WR_SHSTK_EN: 2n, SH_STK_EN: 1n };
    if (field === undefined) this.#control = number;
    else if (number > 1n) throw new Error(`${field} is one bit, and ${value} does not fit.`);
    else this.#control = number ? this.#control | bits[field]! : this.#control & ~bits[field]!;
  }
}
