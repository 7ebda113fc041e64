import type { DebugProtocol } from '@vscode/debugprotocol';
import { compile, compileExpression, targetOf, type Value } from '../expressions/evaluate.ts';
import { formatValue } from '../expressions/format.ts';
import { assign } from './assign.ts';
import { completionsFor } from './completions.ts';
import { readString } from './dump.ts';
import type { Frame } from './frames.ts';
import { type Family, handler } from './handlers.ts';
import { linearReference } from './references.ts';
import { runCommand } from './repl.ts';
import { RequestError } from './requestError.ts';
import type { SessionState } from './state.ts';
import { inWords, isReadable } from './variables.ts';

/** evaluate, completions. */
export const evaluateRequests: Family = {
  evaluate: handler({ expression: 'string' }, (state, args: DebugProtocol.EvaluateArguments) => {
    const text = args.expression.trim();
    if (args.context === 'repl') {
      const output = runCommand(state, text, args.frameId);
      if (output !== undefined) return { result: output, variablesReference: 0 };
    }
    const debuggee = state.stopped;
    const frame = state.frame(args.frameId);
    const { parsed, evaluate } = compileExpression(text);
    if (parsed.assigned !== undefined) return evaluateAssignment(state, frame, text, args.context);
    const value = evaluate(state.environment(frame));
    const unsigned = BigInt.asUintN(64, value.value);
    const pointer = parsed.format === undefined && value.bits >= 32 && isReadable(debuggee, unsigned);
    return {
      result: show(state, value, parsed.format),
      type: `${value.bits}-bit`,
      variablesReference: 0,
      ...(pointer && { memoryReference: linearReference(unsigned) }),
    };
  }),

  completions: handler({ text: 'string', column: 'number' }, (state, args: DebugProtocol.CompletionsArguments) => ({
    targets: completionsFor(state, args.text, args.column),
  })),
};

function show(state: SessionState, value: Value, format: string | undefined): string {
  if (format === 's') return JSON.stringify(readString(state.stopped.machine, BigInt.asUintN(64, value.value)));
  if (format !== undefined || value.bits < 32 || (value.signed && value.value < 0n)) return formatValue(value, format);
  return inWords(state.stopped, value.value, value.bits);
}

/** `rax = 5`, `u8(rsp) = 0x90`: only in the Debug Console, where a person means it. */
function evaluateAssignment(state: SessionState, frame: Frame, text: string, context: string | undefined) {
  const { parsed, evaluate } = compileExpression(text);
  if (context !== 'repl') throw new RequestError("An assignment can only be made in the Debug Console; '==' compares.");
  const environment = state.environment(frame);
  const { value } = compile(parsed.assigned!)(environment);
  assign(state, frame, targetOf(parsed.node, environment), value);
  return { result: show(state, evaluate(state.environment(frame)), undefined), variablesReference: 0 };
}
