import type { DebugProtocol } from '@vscode/debugprotocol';
import { linear } from '../../emulator/addresses.ts';
import type { RegisterDescription } from '../../emulator/api.ts';
import { compileExpression, targetOf } from '../expressions/evaluate.ts';
import { hex } from '../expressions/format.ts';
import { assign } from './assign.ts';
import type { Frame } from './frames.ts';
import { type Family, handler } from './handlers.ts';
import { linearReference } from './references.ts';
import { RequestError } from './requestError.ts';
import type { Container, Debuggee, SessionState } from './state.ts';

type Group = RegisterDescription['group'];

/** Scope names in the order in which they are shown. */
const SCOPES: readonly [group: Group, name: string][] = [
  ['general', 'General'],
  ['flags', 'Flags'],
  ['segments', 'Segments'],
  ['control', 'Control'],
  ['cet', 'CET'],
  ['debug', 'Debug'],
  ['x87', 'x87 and MMX'],
  ['sse', 'SSE'],
  ['msr', 'MSRs'],
];

/** scopes, variables, setVariable, setExpression. */
export const variableRequests: Family = {
  scopes: handler({ frameId: 'number' }, (state, args: DebugProtocol.ScopesArguments) => {
    const { machine } = state.stopped;
    const frame = state.frame(args.frameId);
    const scopes: DebugProtocol.Scope[] = [];
    for (const [group, name] of SCOPES) {
      const count = machine.registers.filter((register) => register.group === group).length;
      if (count === 0) continue;
      scopes.push({
        name,
        presentationHint: 'registers',
        variablesReference: state.reference({ kind: 'scope', group, frame, vcpu: machine.selectedVcpu }),
        namedVariables: count,
        expensive: false,
      });
    }
    return { scopes };
  }),

  variables: handler({ variablesReference: 'number' }, (state, args: DebugProtocol.VariablesArguments) => {
    const debuggee = state.stopped;
    if (args.filter === 'indexed') return { variables: [] };
    const all = registersOf(debuggee, state.container(args.variablesReference));
    const start = args.start ?? 0;
    const chosen = args.count ? all.slice(start, start + args.count) : all.slice(start);
    const { frame } = state.container(args.variablesReference);
    return { variables: chosen.map((register) => variableOf(debuggee, register, frame)) };
  }),

  setVariable: handler(
    { variablesReference: 'number', name: 'string', value: 'string' },
    (state, args: DebugProtocol.SetVariableArguments) => {
      const debuggee = state.stopped;
      const container = state.container(args.variablesReference);
      const register = registersOf(debuggee, container).find(({ name }) => name === args.name);
      if (register === undefined) throw new RequestError(`There is no ${args.name} in this scope.`);
      const value = typedValue(state, args.value, container.frame);
      assign(state, container.frame, { kind: 'register', name: register.name.toLowerCase() }, value);
      const { name: _, evaluateName: __, ...changed } = variableOf(debuggee, register, container.frame);
      return changed;
    },
  ),

  setExpression: handler(
    { expression: 'string', value: 'string' },
    (state, args: DebugProtocol.SetExpressionArguments) => {
      const debuggee = state.stopped;
      const frame = state.frame(args.frameId);
      const { parsed, evaluate } = compileExpression(args.expression);
      const target = targetOf(parsed.node, state.environment(frame));
      assign(state, frame, target, typedValue(state, args.value, frame));
      const { value, bits } = evaluate(state.environment(state.frame(args.frameId)));
      return { value: inWords(debuggee, value, bits), variablesReference: 0 };
    },
  ),
};

function registersOf({ machine }: Debuggee, { group }: Container): RegisterDescription[] {
  return machine.registers.filter((register) => register.group === group);
}

function variableOf(debuggee: Debuggee, register: RegisterDescription, frame: Frame): DebugProtocol.Variable {
  const { name, bits, group, description } = register;
  const lower = name.toLowerCase();
  const { value } = debuggee.registers.read(lower, frame)!;
  const lost = group === 'general' && !frame.known.has(lower) && frame.registers.has(lower);
  const pointer = group === 'general' || lower.endsWith('ssp') || lower.endsWith('.base');
  const shown = group === 'flags' ? `${value}` : pointer ? inWords(debuggee, value, bits) : hex(value, bits);
  return {
    name,
    value: shown,
    type: lost ? `${description} (not saved by the callee: its value now)` : description,
    evaluateName: `$${lower}`,
    variablesReference: 0,
    presentationHint: { kind: 'property', ...(lost && { lazy: false, attributes: ['readOnly'] }) },
    ...(pointer && isReadable(debuggee, value) && { memoryReference: linearReference(value) }),
  };
}

/** `0x0000000000100012 <smash+0x12>`: the number and what it points to in the program. */
export function inWords({ program }: Debuggee, value: bigint, bits: number): string {
  const symbol = bits >= 32 && program.lookup.sectionAt(value) ? program.symbolic(value) : undefined;
  return symbol === undefined ? hex(value, bits) : `${hex(value, bits)} <${symbol}>`;
}

/** Null is mapped in many guests, and is hardly ever a pointer. */
export function isReadable({ machine }: Debuggee, address: bigint): boolean {
  return address >= 0x1000n && machine.translate(linear(address)).ok;
}

/** What a person typed as a new value: an expression; the symbol that a shown value ends with is not part of it. */
export function typedValue(state: SessionState, text: string, frame: Frame): bigint {
  const { parsed, evaluate } = compileExpression(text.replace(/\s*<[^<>]*>\s*$/, ''));
  if (parsed.assigned !== undefined) throw new RequestError(`${text} is not a value.`);
  return evaluate(state.environment(frame)).value;
}
