import type { DebugProtocol } from '@vscode/debugprotocol';
import { type Family, handler } from './handlers.ts';
import { resolveReference } from './references.ts';
import { RequestError } from './requestError.ts';

/** setBreakpoints, setFunctionBreakpoints, setInstructionBreakpoints, breakpointLocations. */
export const breakpointRequests: Family = {
  setBreakpoints: handler({ source: 'object' }, (state, args: DebugProtocol.SetBreakpointsArguments) => {
    const path = sourcePath(args.source);
    const requests = args.breakpoints ?? (args.lines ?? []).map((line) => ({ line }));
    return { breakpoints: state.breakpoints.setLines(path, requests, state.loaded?.program) };
  }),

  setFunctionBreakpoints: handler(
    { breakpoints: 'array' },
    (state, args: DebugProtocol.SetFunctionBreakpointsArguments) => ({
      breakpoints: state.breakpoints.setFunctions(args.breakpoints, state.loaded?.program, () => state.environment()),
    }),
  ),

  setInstructionBreakpoints: handler(
    { breakpoints: 'array' },
    (state, args: DebugProtocol.SetInstructionBreakpointsArguments) => {
      const requests = args.breakpoints.map((breakpoint) => ({
        ...breakpoint,
        address: BigInt.asUintN(
          64,
          resolveReference(state, breakpoint.instructionReference).address + BigInt(breakpoint.offset ?? 0),
        ),
      }));
      return { breakpoints: state.breakpoints.setInstructions(requests, state.loaded?.program) };
    },
  ),

  breakpointLocations: handler(
    { source: 'object', line: 'number' },
    (state, args: DebugProtocol.BreakpointLocationsArguments) => {
      const { program } = state.debuggee;
      const source = program.sourceNamed(sourcePath(args.source));
      if (source === undefined) return { breakpoints: [] };
      const last = args.endLine ?? args.line;
      const lines = program.lookup.linesWithCode(source).filter((line) => line >= args.line && line <= last);
      return { breakpoints: lines.map((line) => ({ line })) };
    },
  ),
};

function sourcePath({ path, name }: DebugProtocol.Source): string {
  if (typeof path === 'string') return path;
  throw new RequestError(`The source ${JSON.stringify(name) ?? ''} has no path; breakpoints need one.`);
}
