import type { DebugProtocol } from '@vscode/debugprotocol';
import * as vscode from 'vscode';
import { debugType } from '../names.ts';

/** What the person looks at: nothing, a guest that runs, or a stopped one at some stack frame. */
export type Focus =
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly session: vscode.DebugSession }
  | {
      readonly kind: 'stopped';
      readonly session: vscode.DebugSession;
      readonly threadId: number | undefined;
      readonly frameId: number | undefined;
      /** Counts the session's stops, so that views can tell a new stop from an edit. */
      readonly stop: number;
    };

interface SessionState {
  stopped: boolean;
  stops: number;
  /** What VS Code had in focus when the guest stopped: a frame of the stop before, unknown to the adapter by now. */
  stale: vscode.DebugThread | vscode.DebugStackFrame | undefined;
}

/** Requests whose success sets the guest running. */
const resuming = new Set(['continue', 'next', 'stepIn', 'stepOut', 'stepBack', 'reverseContinue', 'restart', 'goto']);

/** How long a stop may go without VS Code focusing one of its frames before views ask without a frame. */
const frameGrace = 500;
/** How long the guest may run before views say so: a step is shorter and would only flicker. */
const runningGrace = 300;

/**
 * Follows the focused stack frame of Shadowstep's sessions. `onDidChange` fires when views should read again: another
 * frame, a new stop, a change that the adapter announces (`invalidated`, `memory`), the end.
 */
export class FocusFollower implements vscode.Disposable, vscode.DebugAdapterTrackerFactory {
  readonly #changed = new vscode.EventEmitter<Focus>();
  readonly onDidChange = this.#changed.event;
  readonly #sessions = new Map<string, SessionState>();
  readonly #subscriptions: vscode.Disposable[];
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#subscriptions = [
      vscode.debug.registerDebugAdapterTrackerFactory(debugType, this),
      vscode.debug.onDidChangeActiveStackItem(() => this.#announce(0)),
      vscode.debug.onDidChangeActiveDebugSession(() => this.#announce(0)),
      vscode.debug.onDidTerminateDebugSession((session) => {
        if (this.#sessions.delete(session.id)) this.#announce(0);
      }),
    ];
  }

  get current(): Focus {
    const item = vscode.debug.activeStackItem;
    const session = item?.session ?? vscode.debug.activeDebugSession;
    if (session?.type !== debugType) return { kind: 'none' };
    const state = this.#sessions.get(session.id);
    if (!state) return { kind: 'none' };
    if (!state.stopped) return { kind: 'running', session };
    return {
      kind: 'stopped',
      session,
      threadId: item?.threadId,
      frameId: item instanceof vscode.DebugStackFrame && item !== state.stale ? item.frameId : undefined,
      stop: state.stops,
    };
  }

  createDebugAdapterTracker(session: vscode.DebugSession): vscode.DebugAdapterTracker {
    const state: SessionState = { stopped: false, stops: 0, stale: undefined };
    this.#sessions.set(session.id, state);
    return {
      onDidSendMessage: (message: DebugProtocol.ProtocolMessage) => this.#observe(state, message),
      onExit: () => {
        this.#sessions.delete(session.id);
        this.#announce(0);
      },
    };
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  #observe(state: SessionState, message: DebugProtocol.ProtocolMessage): void {
    if (message.type === 'event') {
      switch ((message as DebugProtocol.Event).event) {
        case 'stopped':
          state.stopped = true;
          state.stops++;
          state.stale = vscode.debug.activeStackItem;
          this.#announce(frameGrace); // The frame's own change event comes first, as a rule.
          break;
        case 'continued':
          state.stopped = false;
          this.#announce(runningGrace);
          break;
        case 'invalidated':
        case 'memory':
          if (state.stopped) this.#announce(0);
          break;
      }
    } else if (message.type === 'response') {
      const { command, success } = message as DebugProtocol.Response;
      // A stop may already have been announced when the answer to a step arrives late; requests are in order, so not here.
      if (success && resuming.has(command)) {
        state.stopped = false;
        this.#announce(runningGrace);
      }
    }
  }

  #announce(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changed.fire(this.current), delay);
  }
}
