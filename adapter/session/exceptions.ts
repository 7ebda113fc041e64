import type { DebugProtocol } from '@vscode/debugprotocol';
import { describeEvent, eventName } from './exceptionText.ts';
import { type Family, handler } from './handlers.ts';
import { RequestError } from './requestError.ts';

/** setExceptionBreakpoints, exceptionInfo. */
export const exceptionRequests: Family = {
  setExceptionBreakpoints: handler({}, (state, args: DebugProtocol.SetExceptionBreakpointsArguments) => {
    const plain = (args.filters ?? []).map((filterId) => ({ filterId }));
    return { breakpoints: state.filters.set([...plain, ...(args.filterOptions ?? [])]) };
  }),

  exceptionInfo: handler({}, (state, _args: DebugProtocol.ExceptionInfoArguments) => {
    const { machine, program } = state.stopped;
    const stop = state.lastStop;
    const body = (exceptionId: string, description: string): DebugProtocol.ExceptionInfoResponse['body'] => ({
      exceptionId,
      description,
      breakMode: 'always',
      details: { typeName: exceptionId, message: description },
    });
    switch (stop?.reason) {
      case 'exception':
        return body(eventName(stop.event), describeEvent(machine, program, stop.event));
      case 'tripleFault':
        return body('Triple fault', stop.sentence);
      case 'unsupported':
        return body('Not supported', stop.sentence);
      case 'reset':
        return body('Reset', stop.sentence);
      case 'halted':
        return body('Halted', stop.sentence);
      default:
        throw new RequestError('The guest is not stopped on an exception.');
    }
  }),
};
