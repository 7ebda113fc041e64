import { compileExpression } from '../expressions/evaluate.ts';
import type {
  CetArguments,
  CetBody,
  SetCetArguments,
  SetShadowStackEntryArguments,
  ShadowStackArguments,
  TranslationArguments,
} from '../protocol.ts';
import { writeMemory } from './assign.ts';
import { CET_REGISTERS, describeRegister, fieldOf } from './cetTable.ts';
import { type Family, handler } from './handlers.ts';
import { toBytes } from './memoryAccess.ts';
import { cetState, cetSupport } from './privilege.ts';
import { resolveReference } from './references.ts';
import { RequestError } from './requestError.ts';
import { readShadowStack } from './shadowStack.ts';
import type { Debuggee, SessionState } from './state.ts';
import { explain, translationBody } from './translation.ts';

const DEFAULT_ENTRIES = 64;
const MOST_ENTRIES = 4096;

/** The requests of adapter/protocol.ts. */
export const customRequests: Family = {
  'shadowstep/shadowStack': handler({}, (state, args: ShadowStackArguments) => {
    const { machine, program } = state.stopped;
    state.frame(args.frameId);
    const count = Math.min(Math.max(args.count ?? DEFAULT_ENTRIES, 0), MOST_ENTRIES);
    return readShadowStack(machine, program, state.frames(), count);
  }),

  'shadowstep/cet': handler({}, (state, args: CetArguments) => {
    state.frame(args.frameId);
    return readCet(state.stopped);
  }),

  'shadowstep/translation': handler({ address: 'string' }, (state, args: TranslationArguments) =>
    translationBody(explain(state, args)),
  ),

  'shadowstep/setCet': handler({ register: 'string', value: 'string' }, (state, args: SetCetArguments) => {
    const debuggee = state.stopped;
    const description = CET_REGISTERS.find(({ name }) => name === args.register);
    if (description === undefined) throw new RequestError(`${args.register} is not a CET register.`);
    let value = evaluate(state, args.value, args.frameId);
    if (args.field !== undefined) {
      const field = description.fields.find(({ name }) => name === args.field);
      if (field === undefined) throw new RequestError(`${args.register} has no field ${args.field}.`);
      const [high, low] = field.bits;
      const width = high - low + 1;
      if (value < 0n || value >= 1n << BigInt(width)) {
        throw new RequestError(
          `${args.field} is ${width} bit${width === 1 ? '' : 's'} wide and cannot hold ${args.value}.`,
        );
      }
      const mask = ((1n << BigInt(width)) - 1n) << BigInt(low);
      value = (debuggee.machine.readRegister(description.register) & ~mask) | (value << BigInt(low));
    }
    const sentence = debuggee.registers.write(description.register, value);
    if (sentence !== undefined) throw new RequestError(sentence);
    state.changed();
    return readCet(debuggee);
  }),

  'shadowstep/setShadowStackEntry': handler(
    { address: 'string', value: 'string' },
    (state, args: SetShadowStackEntryArguments) => {
      const { machine, program } = state.stopped;
      const { address } = resolveReference(state, args.address);
      const value = evaluate(state, args.value, args.frameId);
      const shown = readShadowStack(machine, program, state.frames(), MOST_ENTRIES);
      const entry = shown.entries.find((candidate) => BigInt(candidate.address) === address);
      if (entry === undefined) throw new RequestError(`${args.address} is not an entry of the current shadow stack.`);
      if (value !== BigInt.asUintN(entry.size * 8, value) && BigInt.asIntN(entry.size * 8, value) !== value) {
        throw new RequestError(`An entry of ${entry.size} bytes cannot hold ${args.value}.`);
      }
      writeMemory(state, address, false, toBytes(BigInt.asUintN(entry.size * 8, value), entry.size));
      return readShadowStack(machine, program, state.frames(), DEFAULT_ENTRIES);
    },
  ),
};

function evaluate(state: SessionState, text: string, frameId: number | undefined): bigint {
  return compileExpression(text.replace(/\s*<[^<>]*>\s*$/, '')).evaluate(state.environment(state.frame(frameId))).value;
}

/** Every CET register bit by bit, and the state of the current privilege level in words. */
export function readCet({ machine, registers }: Debuggee): CetBody {
  const state = cetState(machine);
  const { shadowStacks, branchTracking } = cetSupport(machine);
  const available = shadowStacks || branchTracking;
  const present = CET_REGISTERS.filter(({ register }) => registers.describe(register) !== undefined);
  const tracker = fieldOf(state.controlValue, [11, 11]);
  return {
    available,
    ...(!available && { reason: state.reason ?? 'The processor has no CET.' }),
    registers: available ? present.map((entry) => describeRegister(entry, machine.readRegister(entry.register))) : [],
    summary: {
      shadowStack: state.shadowStack ? `on (${state.control}.SH_STK_EN)` : `off: ${state.reason ?? ''}`,
      tracker: state.branchTracking
        ? `${tracker === 1n ? 'WAIT_FOR_ENDBRANCH' : 'IDLE'} (${state.control}.ENDBR_EN on)`
        : 'off',
    },
  };
}
