import { DebugSession } from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { MachineApi, MachineConfiguration } from '../../emulator/api.ts';
import { ExpressionError } from '../expressions/tokens.ts';
import type { FileReader } from '../program/image.ts';
import { breakpointRequests } from './breakpoints.ts';
import { customRequests } from './custom.ts';
import { disassemblyRequests } from './disassembly.ts';
import { evaluateRequests } from './evaluate.ts';
import { exceptionRequests } from './exceptions.ts';
import type { Family, Handler } from './handlers.ts';
import { lifecycleRequests } from './lifecycle.ts';
import { memoryRequests } from './memory.ts';
import { RequestError } from './requestError.ts';
import { stackRequests } from './stack.ts';
import { SessionState } from './state.ts';
import { steppingRequests } from './stepping.ts';
import { variableRequests } from './variables.ts';

/** What the edges (Node, a browser worker) give to a session. */
export interface SessionHost {
  readonly reader: FileReader;
  createMachine(configuration: MachineConfiguration): Promise<MachineApi>;
}

/**
 * The Debug Adapter Protocol server: takes requests one after the other, hands each to its family, and turns what is
 * thrown into an ErrorResponse. All it knows is in SessionState.
 */
export class ShadowstepSession extends DebugSession {
  private readonly state: SessionState;
  private readonly handlers: ReadonlyMap<string, Handler>;
  private queue: Promise<void> = Promise.resolve();

  constructor(host: SessionHost) {
    super();
    this.state = new SessionState(host.reader, (event, body) => {
      this.sendEvent({ seq: 0, type: 'event', event, ...(body && { body }) } as DebugProtocol.Event);
    });
    const families: Family[] = [
      lifecycleRequests(host),
      breakpointRequests,
      steppingRequests,
      stackRequests,
      variableRequests,
      evaluateRequests,
      memoryRequests,
      disassemblyRequests,
      exceptionRequests,
      customRequests,
    ];
    this.handlers = new Map(families.flatMap((family) => Object.entries(family)));
  }

  protected override dispatchRequest(request: DebugProtocol.Request): void {
    // In order: a launch that still reads files must not be overtaken by the setBreakpoints behind it.
    this.queue = this.queue.then(() => this.answer(request));
  }

  private async answer(request: DebugProtocol.Request): Promise<void> {
    const response: DebugProtocol.Response = {
      seq: 0,
      type: 'response',
      request_seq: request.seq,
      command: request.command,
      success: true,
    };
    try {
      const handle = this.handlers.get(request.command);
      if (handle === undefined) throw new RequestError(`${request.command} is not a request that this adapter knows.`);
      if (this.state.client === undefined && request.command !== 'initialize' && request.command !== 'disconnect') {
        throw new RequestError(`${request.command} came before initialize.`);
      }
      this.state.refocus();
      const body = await handle(this.state, request.arguments);
      if (body !== undefined) response.body = body;
    } catch (error) {
      response.success = false;
      response.message = sentenceOf(request.command, error);
      response.body = {
        error: {
          id: 1,
          format: '{sentence}',
          variables: { sentence: response.message },
          showUser: ASKED_BY_HAND.has(request.command),
        },
      };
    }
    this.sendResponse(response);
    this.state.sendWhatWaits();
    if (request.command === 'disconnect') this.shutdown();
  }
}

/** Requests that a person asked for: a client may show their errors. Those of hovers and views it should not. */
const ASKED_BY_HAND = new Set(['launch', 'restart', 'continue', 'pause', 'next', 'stepIn', 'stepOut', 'goto']);

function sentenceOf(command: string, error: unknown): string {
  if (error instanceof RequestError || error instanceof ExpressionError) return error.message;
  return `The request ${command} failed: ${error instanceof Error ? error.message : String(error)}`;
}
