import { compileExpression } from '../expressions/evaluate.ts';
import { hex, shortHex } from '../expressions/format.ts';
import { readCet } from './custom.ts';
import { bytesInWords, disassemblerOf } from './disassembly.ts';
import { dumpMemory, readString } from './dump.ts';
import { RequestError } from './requestError.ts';
import { readShadowStack } from './shadowStack.ts';
import type { SessionState } from './state.ts';
import { translateCommand } from './translation.ts';

interface Command {
  readonly name: string;
  readonly usage: string;
  readonly description: string;
  run(context: Context): string;
}

interface Context {
  readonly state: SessionState;
  readonly frameId: number | undefined;
  /** After the command's name, trimmed. */
  readonly rest: string;
  /** For `x/8gx`: `8gx`. */
  readonly modifier: string;
}

const ITEM_SIZES: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4, g: 8 };
const MODIFIER = /^(\d*)([bhwg]?)([xduobcsi]?)([bhwg]?)$/;
const MOST_ITEMS = 4096;

/** Commands of the Debug Console; everything else there is an expression or an assignment. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'help',
    usage: 'help',
    description: 'this list',
    run: () =>
      [...COMMANDS.map(({ usage, description }) => `${usage.padEnd(40)}${description}`), '', EXPRESSION_HELP].join(
        '\n',
      ),
  },
  {
    name: 'registers',
    usage: 'registers [GROUP]',
    description: 'all registers, or those of general, flags, segments, control, debug, cet, sse, msr',
    run: ({ state, frameId, rest }) => listRegisters(state, frameId, rest || 'general'),
  },
  {
    name: 'x',
    usage: 'x/8gx ADDRESS',
    description: 'memory: count, size (b h w g), format (x d u o b c s i)',
    run: (context) => examine(context, false),
  },
  {
    name: 'xp',
    usage: 'xp/8gx ADDRESS',
    description: 'the same for physical memory',
    run: (context) => examine(context, true),
  },
  {
    name: 'disassemble',
    usage: 'disassemble [ADDRESS]',
    description: 'eight instructions from ADDRESS, or around RIP',
    run: ({ state, frameId, rest }) =>
      rest === '' ? aroundRip(state) : disassemble(state, evaluate(state, frameId, rest), 0, 8),
  },
  {
    name: 'symbol',
    usage: 'symbol ADDRESS',
    description: 'symbol and source line of an address',
    run: ({ state, frameId, rest }) => state.stopped.program.placeInWords(evaluate(state, frameId, rest)),
  },
  {
    name: 'shadowstack',
    usage: 'shadowstack [COUNT]',
    description: 'entries of the current shadow stack',
    run: ({ state, rest }) => listShadowStack(state, rest === '' ? 16 : countOf(rest)),
  },
  {
    name: 'cet',
    usage: 'cet',
    description: 'every CET register bit by bit',
    run: ({ state }) => listCet(state),
  },
  {
    name: 'translate',
    usage: 'translate ADDRESS [ACCESS] [PRIVILEGE]',
    description:
      'linear to physical, entry by entry; ACCESS read write fetch ssread sswrite, PRIVILEGE user supervisor',
    run: ({ state, frameId, rest }) => translateCommand(state, frameId, rest),
  },
];

const EXPRESSION_HELP = [
  'Anything else is an expression: registers (rax, $rax, %rax, eax, zf), symbols, [address], u8(address) to u64(address),',
  'p8(address) to p64(address) for physical memory, dword ptr [rsp], gs:[8], (s32)eax, C operators; a format after a colon',
  '(rax:d, with x d u o b c s). TARGET = VALUE sets a register or memory.',
].join('\n');

/** The output of a command; undefined when the text is none. */
export function runCommand(state: SessionState, text: string, frameId: number | undefined): string | undefined {
  const match = /^([a-z]+)(?:\/(\w*))?(?:\s+(.*))?$/s.exec(text);
  if (match === null) return undefined;
  const command = COMMANDS.find(({ name }) => name === match[1]);
  if (command === undefined) return undefined;
  const rest = (match[3] ?? '').trim();
  // `x = 5` and `cet + 1` speak of a symbol that happens to have a command's name.
  if (match[2] === undefined && /^([-+*/%&|^<>?]|==?|!=)/.test(rest)) return undefined;
  return command.run({ state, frameId, rest, modifier: match[2] ?? '' });
}

function evaluate(state: SessionState, frameId: number | undefined, text: string): bigint {
  if (text === '') throw new RequestError('An address is expected after the command.');
  const frame = state.frame(frameId);
  return BigInt.asUintN(64, compileExpression(text).evaluate(state.environment(frame)).value);
}

function countOf(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0 && count <= MOST_ITEMS) return count;
  throw new RequestError(`${text} is not a count from 1 to ${MOST_ITEMS}.`);
}

function listRegisters(state: SessionState, frameId: number | undefined, group: string): string {
  const { machine, registers } = state.stopped;
  const frame = state.frame(frameId);
  const chosen = machine.registers.filter((register) => register.group === group);
  if (chosen.length === 0) {
    const groups = [...new Set(machine.registers.map((register) => register.group))];
    throw new RequestError(`${group} is not a group of registers; one of ${groups.join(', ')} is expected.`);
  }
  const width = Math.max(...chosen.map(({ name }) => name.length)) + 2;
  return chosen
    .map(({ name, bits }) => `${name.padEnd(width)}${hex(registers.read(name.toLowerCase(), frame)!.value, bits)}`)
    .join('\n');
}

function examine({ state, frameId, rest, modifier }: Context, physical: boolean): string {
  const match = MODIFIER.exec(modifier);
  if (match === null)
    throw new RequestError(`/${modifier} is not a count, a size (b h w g) and a format (x d u o b c s i).`);
  const { machine } = state.stopped;
  const address = evaluate(state, frameId, rest);
  const count = match[1] === '' ? 1 : countOf(match[1]!);
  const format = match[3] || 'x';
  if (format === 'i') return disassemble(state, address, 0, count);
  if (format === 's') return JSON.stringify(readString(machine, address));
  const size = ITEM_SIZES[match[2] || match[4] || (format === 'c' ? 'b' : machine.codeBits() === 64 ? 'g' : 'w')]!;
  return dumpMemory(machine, address, { size, count, format, physical });
}

function aroundRip(state: SessionState): string {
  return disassemble(state, state.stopped.machine.instructionAddress(), -3, 8);
}

function disassemble(state: SessionState, address: bigint, offset: number, count: number): string {
  const { machine, program } = state.stopped;
  const here = machine.instructionAddress();
  const rows = disassemblerOf(state).rows(address, offset, count);
  const lines = rows.map((row) => {
    const symbol = program.symbolic(row.address);
    const where = symbol === undefined ? '' : ` <${symbol}>`;
    return {
      ...row,
      place: `${row.address === here ? '=>' : '  '} ${shortHex(row.address)}${where}:`,
      code: bytesInWords(row.bytes),
    };
  });
  const width = (of: (line: (typeof lines)[number]) => string) => Math.max(...lines.map((line) => of(line).length));
  const [places, codes] = [width(({ place }) => place), width(({ code }) => code)];
  return lines.map(({ place, code, text }) => `${place.padEnd(places)} ${code.padEnd(codes)}  ${text}`).join('\n');
}

function listShadowStack(state: SessionState, count: number): string {
  const { machine, program } = state.stopped;
  const body = readShadowStack(machine, program, state.frames(), count);
  if (!body.enabled) return `The shadow stack is off: ${body.reason ?? ''}`;
  const lines = body.entries.map(({ address, value, description, symbol, mismatch }) => {
    const name = symbol === undefined ? '' : ` <${symbol}>`;
    return `${address}: ${value}${name}  ${description}${mismatch ? `  MISMATCH: ${mismatch.text}` : ''}`;
  });
  if (body.stopped !== undefined) lines.push(body.stopped);
  return [`SSP ${body.ssp}, ${body.privilege}`, ...lines].join('\n');
}

function listCet(state: SessionState): string {
  const body = readCet(state.stopped);
  if (!body.available) return body.reason ?? '';
  const lines = body.registers.flatMap(({ name, value, fields }) => [
    `${name} = ${value}`,
    ...fields.map((field) => `  ${field.name} = ${field.value}  ${field.meaning}`),
  ]);
  return [...lines, `Shadow stack: ${body.summary.shadowStack}`, `Tracker: ${body.summary.tracker}`].join('\n');
}
