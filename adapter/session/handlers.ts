import { RequestError } from './requestError.ts';
import type { SessionState } from './state.ts';

/** Answers one kind of request: gets its arguments as they came, returns the response's body. */
export type Handler = (state: SessionState, args: unknown) => unknown;

/** The requests of one DAP family by command name. */
export type Family = Readonly<Record<string, Handler>>;

/**
 * Types a handler by the protocol's argument type. Arguments come from outside, so `check` names the fields that the
 * handler relies on; any other it must treat as possibly absent.
 */
export function handler<Arguments extends object, Body>(
  check: { readonly [Name in keyof Arguments]?: 'number' | 'string' | 'array' | 'object' },
  answer: (state: SessionState, args: Arguments) => Body,
): Handler {
  return (state, args) => {
    const given = (typeof args === 'object' && args !== null ? args : {}) as Arguments & Record<string, unknown>;
    for (const [name, type] of Object.entries(check)) {
      const value = given[name];
      const right = type === 'array' ? Array.isArray(value) : typeof value === type && value !== null;
      if (!right)
        throw new RequestError(
          `${name} is ${JSON.stringify(value) ?? 'missing'}; ${WORDS[type as string]} is expected.`,
        );
    }
    return answer(state, given);
  };
}

const WORDS: Readonly<Record<string, string>> = {
  number: 'a number',
  string: 'a string',
  array: 'an array',
  object: 'an object',
};
