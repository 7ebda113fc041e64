import { StatementError } from '../diagnostics.ts';
import { spell, type Token, tokenize } from './tokens.ts';

export interface Definition {
  readonly name: string;
  /** Undefined for an object-like macro. */
  readonly parameters: readonly string[] | undefined;
  /** The last parameter takes all the arguments that are left. */
  readonly variadic: boolean;
  readonly body: readonly Token[];
}

/** Thrown when an invocation's arguments go on in the next line. */
export class Incomplete {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

const MOST_TOKENS = 200_000;

/** The macros of one preprocessing run, and their expansion with Prosser's hide sets (C11 §6.10.3). */
export class Definitions {
  readonly #table = new Map<string, Definition>();
  /** Values of `__LINE__`, `__FILE__` and the like. */
  readonly builtins = new Map<string, () => Token>();
  #budget = MOST_TOKENS;

  has(name: string): boolean {
    return this.#table.has(name) || this.builtins.has(name);
  }

  delete(name: string): void {
    this.#table.delete(name);
  }

  /** `NAME body` or `NAME(a, b) body`, as it stands after `#define`. */
  define(text: string): void {
    const head = /^\s*([A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)(\()?/.exec(text);
    if (head === null) throw new StatementError('#define needs a name.');
    const name = head[1]!;
    if (name === 'defined') throw new StatementError('"defined" can\'t be a macro name.');
    let rest = text.slice(head[0].length);
    let parameters: string[] | undefined;
    let variadic = false;
    if (head[2] !== undefined) {
      const close = rest.indexOf(')');
      if (close < 0) throw new StatementError(`The parameter list of "${name}" has no closing parenthesis.`);
      const list = rest.slice(0, close).trim();
      parameters = list === '' ? [] : list.split(',').map((one) => one.trim());
      rest = rest.slice(close + 1);
      const last = parameters[parameters.length - 1];
      if (last?.endsWith('...') === true) {
        variadic = true;
        parameters[parameters.length - 1] = last === '...' ? '__VA_ARGS__' : last.slice(0, -3).trim();
      }
      for (const parameter of parameters) {
        if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(parameter))
          throw new StatementError(`"${parameter}" is no parameter name.`);
      }
    }
    this.#table.set(name, {
      name,
      parameters,
      variadic,
      body: tokenize(rest).map((token, index) => (index === 0 ? { ...token, space: false } : token)),
    });
  }

  /** Replaces macros in a line. Throws {@link Incomplete} when a call goes on past its end. */
  expandText(text: string): string {
    return spell(this.expand(tokenize(text)));
  }

  expand(tokens: readonly Token[]): Token[] {
    this.#budget = MOST_TOKENS;
    return this.#expand(tokens);
  }

  #expand(tokens: readonly Token[]): Token[] {
    const out: Token[] = [];
    // A stack with the next token last: replacing pushes the replacement back for rescanning.
    const input = [...tokens].reverse();
    for (let token = input.pop(); token !== undefined; token = input.pop()) {
      if (--this.#budget < 0) throw new StatementError(`A macro expands to more than ${MOST_TOKENS} tokens.`);
      if (token.kind !== 'identifier' || token.hidden?.has(token.text) === true) {
        out.push(token);
        continue;
      }
      const builtin = this.builtins.get(token.text);
      if (builtin !== undefined) {
        out.push({ ...builtin(), space: token.space });
        continue;
      }
      const definition = this.#table.get(token.text);
      if (definition === undefined || (definition.parameters !== undefined && input[input.length - 1]?.text !== '(')) {
        out.push(token);
        continue;
      }
      const hidden = new Set([...(token.hidden ?? []), token.text]);
      const replacement =
        definition.parameters === undefined
          ? paste(definition.body)
          : this.#substitute(definition, this.#arguments(definition, input));
      for (let index = replacement.length - 1; index >= 0; index--) {
        const one = replacement[index]!;
        const space = index === 0 ? token.space : one.space;
        input.push({ ...one, space, hidden: one.hidden === undefined ? hidden : new Set([...one.hidden, ...hidden]) });
      }
    }
    return out;
  }

  /** Takes `( ... )` off the input; gives the arguments as tokens. */
  #arguments({ name, parameters, variadic }: Definition, input: Token[]): Token[][] {
    input.pop();
    const list: Token[][] = [[]];
    const wanted = parameters!.length;
    for (let depth = 1; ; ) {
      const token = input.pop();
      if (token === undefined) throw new Incomplete(name);
      if (token.text === '(') depth++;
      else if (token.text === ')' && --depth === 0) break;
      else if (token.text === ',' && depth === 1 && !(variadic && list.length >= wanted)) {
        list.push([]);
        continue;
      }
      list[list.length - 1]!.push(token);
    }
    if (wanted === 0 && list.length === 1 && list[0]!.length === 0) return [];
    if (variadic && list.length === wanted - 1) list.push([]);
    if (list.length !== wanted) {
      throw new StatementError(
        `Macro "${name}" takes ${wanted} argument${wanted === 1 ? '' : 's'}, not ${list.length}.`,
      );
    }
    return list;
  }

  #substitute({ parameters, variadic, body }: Definition, values: readonly Token[][]): Token[] {
    const argument = (token: Token | undefined): Token[] | undefined => {
      const index = token?.kind === 'identifier' ? parameters!.indexOf(token.text) : -1;
      return index < 0 ? undefined : values[index]!;
    };
    const expanded = new Map<Token[], Token[]>();
    const out: (Token | 'paste')[] = [];
    for (let index = 0; index < body.length; index++) {
      const token = body[index]!;
      const stringified = token.text === '#' ? argument(body[index + 1]) : undefined;
      if (stringified !== undefined) {
        const text = spell(stringified)
          .trim()
          .replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, (one) => one.replace(/[\\"]/g, '\\$&'));
        out.push({ kind: 'string', text: `"${text}"`, space: token.space });
        index++;
        continue;
      }
      if (token.text === '##') {
        const next = argument(body[index + 1]);
        // GNU's `, ## __VA_ARGS__`: the comma goes when there is nothing after it.
        const before = out[out.length - 1];
        const last = variadic && next === values[values.length - 1] && next !== undefined;
        if (last && before !== undefined && before !== 'paste' && before.text === ',') {
          if (next.length === 0) out.pop();
          else out.push(...next);
          index++;
          continue;
        }
        out.push('paste');
        continue;
      }
      const value = argument(token);
      if (value === undefined) {
        out.push(token);
        continue;
      }
      const beside = body[index + 1]?.text === '##' || body[index - 1]?.text === '##';
      let tokens = beside ? value : expanded.get(value);
      if (tokens === undefined) {
        tokens = this.#expand(value);
        expanded.set(value, tokens);
      }
      if (tokens.length === 0 && beside) out.push({ kind: 'punctuator', text: '', space: token.space });
      out.push(...tokens.map((one, at) => (at === 0 ? { ...one, space: token.space } : one)));
    }
    return join(out);
  }
}

/** Carries out the `##` of an object-like body. */
function paste(body: readonly Token[]): Token[] {
  return body.some(({ text }) => text === '##')
    ? join(body.map((token) => (token.text === '##' ? 'paste' : token)))
    : [...body];
}

function join(parts: readonly (Token | 'paste')[]): Token[] {
  const out: Token[] = [];
  let pasting = false;
  for (const part of parts) {
    if (part === 'paste') {
      pasting = true;
      continue;
    }
    const before = pasting ? out.pop() : undefined;
    pasting = false;
    if (before === undefined) out.push(part);
    else {
      const joined = tokenize(before.text + part.text);
      out.push(...joined.map((token, index) => (index === 0 ? { ...token, space: before.space } : token)));
    }
  }
  return out.filter(({ text }) => text !== '');
}
