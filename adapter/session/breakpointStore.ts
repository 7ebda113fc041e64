import type { DebugProtocol } from '@vscode/debugprotocol';
import { compileCondition, compileHitCondition, compileLogMessage, type Predicate } from '../expressions/conditions.ts';
import { compileExpression, type Environment } from '../expressions/evaluate.ts';
import { shortHex } from '../expressions/format.ts';
import { ExpressionError } from '../expressions/tokens.ts';
import { fileName, type ProgramView } from './programView.ts';

/** Where a breakpoint wants to be; bound to addresses anew for every program. */
type Place =
  | { readonly kind: 'line'; readonly path: string; readonly line: number }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'instruction'; readonly address: bigint };

export interface BreakpointRequest {
  readonly condition?: string | undefined;
  readonly hitCondition?: string | undefined;
  readonly logMessage?: string | undefined;
}

interface Breakpoint {
  readonly id: number;
  readonly place: Place;
  readonly condition?: Predicate;
  readonly hitCondition?: (hits: number) => boolean;
  readonly log?: (environment: Environment) => string;
  /** What is wrong with its condition, hit condition or log message; such a breakpoint is never bound. */
  readonly error?: string;
  addresses: readonly bigint[];
  hits: number;
  answer: DebugProtocol.Breakpoint;
}

/** What happened at an address: the breakpoints that stop, and lines that logpoints print. */
export interface Verdict {
  readonly ids: readonly number[];
  readonly logs: readonly string[];
}

/** All breakpoints of the session. They outlive programs: a restart binds them to the new image. */
export class BreakpointStore {
  private nextId = 1;
  private lines = new Map<string, Breakpoint[]>();
  private functions: Breakpoint[] = [];
  private instructions: Breakpoint[] = [];
  private byAddress: Map<bigint, Breakpoint[]> | undefined;

  setLines(
    path: string,
    requests: readonly (BreakpointRequest & { line: number })[],
    program: ProgramView | undefined,
  ) {
    const made = requests.map((request) => this.make({ kind: 'line', path, line: request.line }, request, program));
    this.lines.set(path, made);
    return this.answers(made);
  }

  /** A function's name, or an address: `0x7c0:0x10`, `*main+4`. `environment` is the machine's as it is. */
  setFunctions(
    requests: readonly (BreakpointRequest & { name: string })[],
    program: ProgramView | undefined,
    environment?: () => Environment,
  ) {
    this.functions = requests.map((request) =>
      this.make({ kind: 'function', name: request.name }, request, program, environment),
    );
    return this.answers(this.functions);
  }

  setInstructions(requests: readonly (BreakpointRequest & { address: bigint })[], program: ProgramView | undefined) {
    this.instructions = requests.map((request) =>
      this.make({ kind: 'instruction', address: request.address }, request, program),
    );
    return this.answers(this.instructions);
  }

  /** Binds everything to a new program; returns the breakpoints whose answer changed. */
  rebind(program: ProgramView, environment?: () => Environment): DebugProtocol.Breakpoint[] {
    this.byAddress = undefined;
    const changed: DebugProtocol.Breakpoint[] = [];
    for (const breakpoint of this.all()) {
      const before = JSON.stringify(breakpoint.answer);
      breakpoint.hits = 0;
      this.bind(breakpoint, program, environment);
      if (JSON.stringify(breakpoint.answer) !== before) changed.push(breakpoint.answer);
    }
    return changed;
  }

  addresses(): Iterable<bigint> {
    return this.index().keys();
  }

  /** Is an instruction breakpoint among these ids? It has a stop reason of its own. */
  kindOf(ids: readonly number[]): Place['kind'] | undefined {
    return this.all().find((breakpoint) => ids.includes(breakpoint.id))?.place.kind;
  }

  /** To be called once for each time the address is reached. */
  reached(address: bigint, environment: () => Environment): Verdict {
    const ids: number[] = [];
    const logs: string[] = [];
    for (const breakpoint of this.index().get(address) ?? []) {
      if (breakpoint.condition !== undefined) {
        const outcome = test(breakpoint.condition, environment());
        if (outcome === false) continue;
        if (typeof outcome === 'string') logs.push(`The condition of a breakpoint cannot be evaluated: ${outcome}`);
      }
      breakpoint.hits++;
      if (breakpoint.hitCondition?.(breakpoint.hits) === false) continue;
      if (breakpoint.log !== undefined) logs.push(breakpoint.log(environment()));
      else ids.push(breakpoint.id);
    }
    return { ids, logs };
  }

  private index(): Map<bigint, Breakpoint[]> {
    if (this.byAddress === undefined) {
      this.byAddress = new Map();
      for (const breakpoint of this.all()) {
        for (const address of breakpoint.addresses) {
          const there = this.byAddress.get(address);
          if (there === undefined) this.byAddress.set(address, [breakpoint]);
          else there.push(breakpoint);
        }
      }
    }
    return this.byAddress;
  }

  private all(): Breakpoint[] {
    return [...[...this.lines.values()].flat(), ...this.functions, ...this.instructions];
  }

  private answers(made: readonly Breakpoint[]): DebugProtocol.Breakpoint[] {
    this.byAddress = undefined;
    return made.map((breakpoint) => breakpoint.answer);
  }

  private make(
    place: Place,
    request: BreakpointRequest,
    program: ProgramView | undefined,
    environment?: () => Environment,
  ): Breakpoint {
    const id = this.nextId++;
    const breakpoint: Breakpoint = {
      id,
      place,
      ...compileRequest(request),
      addresses: [],
      hits: 0,
      answer: { id, verified: false },
    };
    this.bind(breakpoint, program, environment);
    return breakpoint;
  }

  private bind(
    breakpoint: Breakpoint,
    program: ProgramView | undefined,
    environment: (() => Environment) | undefined,
  ): void {
    const { id, place, error } = breakpoint;
    breakpoint.addresses = [];
    const unbound = (reason: 'pending' | 'failed', message: string) => {
      const line = place.kind === 'line' ? { line: place.line } : {};
      breakpoint.answer = { id, verified: false, reason, message, ...line };
    };
    if (error !== undefined) {
      unbound('failed', error);
      return;
    }
    if (place.kind === 'instruction') {
      breakpoint.addresses = [place.address];
      breakpoint.answer = { id, verified: true, instructionReference: shortHex(place.address) };
      return;
    }
    if (program === undefined) {
      unbound('pending', 'The program has not been loaded yet.');
      return;
    }
    const bound =
      place.kind === 'line' ? bindLine(program, place.path, place.line) : bindName(program, place.name, environment);
    if (typeof bound === 'string') {
      unbound('failed', bound);
      return;
    }
    breakpoint.addresses = bound.addresses;
    const first = bound.addresses[0];
    const source = bound.path === undefined ? {} : { source: { name: fileName(bound.path), path: bound.path } };
    breakpoint.answer = {
      id,
      verified: true,
      ...source,
      ...(bound.line !== undefined && { line: bound.line }),
      ...(first !== undefined && { instructionReference: shortHex(first) }),
    };
  }
}

interface Bound {
  readonly addresses: readonly bigint[];
  readonly path?: string;
  readonly line?: number;
}

function bindLine(program: ProgramView, path: string, line: number): Bound | string {
  const source = program.sourceNamed(path);
  if (source === undefined) return `No code of this program comes from ${fileName(path)}.`;
  const found = program.stopsFor(source, line);
  if (found === undefined) return `There is no code on line ${line} of ${fileName(path)} or after it.`;
  return { addresses: found.addresses, path, line: found.line };
}

/** What cannot be a symbol: `0x7c0:0x10`, `*main+4`, `0x7c10`. */
const ADDRESS = /^\*|^\d|:/;

function bindName(program: ProgramView, requested: string, environment?: () => Environment): Bound | string {
  const name = requested.trim();
  if (environment === undefined || !ADDRESS.test(name) || program.lookup.symbolNamed(name)) {
    return bindFunction(program, name);
  }
  try {
    const { parsed, evaluate } = compileExpression(name.replace(/^\*/, ''));
    if (parsed.assigned !== undefined) return `${name} is no address.`;
    const address = BigInt.asUintN(64, evaluate(forBreakpoint(environment())).value);
    const place = program.placeOf(address);
    return { addresses: [address], ...(place && { path: place.file, line: place.line }) };
  } catch (error) {
    if (error instanceof ExpressionError) return error.message;
    throw error;
  }
}

/**
 * A selector that names nothing now is one of real-address mode: where a breakpoint stands for an application processor
 * that has not been started, or for code before or after a change of mode.
 */
function forBreakpoint(environment: Environment): Environment {
  return {
    ...environment,
    segmentBase: (selector) => {
      try {
        return environment.segmentBase(selector);
      } catch (error) {
        if (error instanceof ExpressionError && selector >= 0n && selector <= 0xffffn) return selector << 4n;
        throw error;
      }
    },
  };
}

function bindFunction(program: ProgramView, name: string): Bound | string {
  const addresses = program.entriesNamed(name);
  const [first] = addresses;
  if (first === undefined) {
    return program.lookup.symbolNamed(name) ? `${name} is not code.` : `The program has no symbol ${name}.`;
  }
  const place = program.placeOf(first);
  return { addresses, ...(place && { path: place.file, line: place.line }) };
}

function compileRequest({ condition, hitCondition, logMessage }: BreakpointRequest) {
  try {
    return {
      ...(condition?.trim() && { condition: compileCondition(condition) }),
      ...(hitCondition?.trim() && { hitCondition: compileHitCondition(hitCondition) }),
      ...(logMessage && { log: compileLogMessage(logMessage) }),
    };
  } catch (error) {
    if (error instanceof ExpressionError) return { error: error.message };
    throw error;
  }
}

/** A condition that cannot be evaluated stops, and its sentence is printed. */
function test(condition: Predicate, environment: Environment): boolean | string {
  try {
    return condition(environment);
  } catch (error) {
    if (error instanceof ExpressionError) return error.message;
    throw error;
  }
}
