import { linear } from '../../emulator/addresses.ts';
import type { PendingEvent, TranslationAccess, TranslationExplanation } from '../../emulator/api.ts';
import { compileExpression } from '../expressions/evaluate.ts';
import { shortHex } from '../expressions/format.ts';
import type { TranslationArguments, TranslationBody, Wire } from '../protocol.ts';
import type { Frame } from './frames.ts';
import { RequestError } from './requestError.ts';
import type { SessionState } from './state.ts';

type Access = Required<TranslationAccess>;

const KINDS: Readonly<Record<string, Access['kind']>> = {
  read: 'read',
  write: 'write',
  fetch: 'fetch',
  ssread: 'shadowStackRead',
  sswrite: 'shadowStackWrite',
  shadowStackRead: 'shadowStackRead',
  shadowStackWrite: 'shadowStackWrite',
};
const PRIVILEGES = ['user', 'supervisor', 'implicit'] as const;
const IN_WORDS: Readonly<Record<Access['kind'], string>> = {
  read: 'read',
  write: 'write',
  fetch: 'instruction fetch',
  shadowStackRead: 'shadow-stack read',
  shadowStackWrite: 'shadow-stack write',
};
const SEGMENTED = /^\s*[$%]?([cdefgs]s)\s*:(?!\s*\[)(.+)$/is;

/** Throws a RequestError for an access that does not exist and for an address that is none. */
export function explain(state: SessionState, { address, access, privilege, frameId }: TranslationArguments) {
  const { machine } = state.stopped;
  const frame = state.frame(frameId);
  const wanted: TranslationAccess = {
    ...(access !== undefined && { kind: kindNamed(access) }),
    ...(privilege !== undefined && { privilege: privilegeNamed(privilege) }),
  };
  const segmented = SEGMENTED.exec(address);
  if (segmented !== null) {
    const offset = evaluate(state, frame, segmented[2]!);
    return machine.explainTranslation({ segment: segmented[1]!.toLowerCase(), offset }, wanted);
  }
  return machine.explainTranslation(linear(evaluate(state, frame, address)), wanted);
}

function evaluate(state: SessionState, frame: Frame, text: string): bigint {
  return BigInt.asUintN(64, compileExpression(text).evaluate(state.environment(frame)).value);
}

function kindNamed(name: string): Access['kind'] {
  const kind = KINDS[name];
  if (kind === undefined) {
    throw new RequestError(
      `${name} is not an access; one of ${Object.keys(KINDS).slice(0, 5).join(', ')} is expected.`,
    );
  }
  return kind;
}

function privilegeNamed(name: string): Access['privilege'] {
  const privilege = PRIVILEGES.find((each) => each === name);
  if (privilege === undefined) {
    throw new RequestError(`${name} is not a privilege; one of ${PRIVILEGES.join(', ')} is expected.`);
  }
  return privilege;
}

/** The Debug Console's `translate ADDRESS [read|write|fetch|ssread|sswrite] [user|supervisor|implicit]`. */
export function translateCommand(state: SessionState, frameId: number | undefined, rest: string): string {
  if (rest === '') throw new RequestError('An address is expected after the command.');
  const words = rest.split(/\s+/);
  const given: { access?: string; privilege?: string } = {};
  for (;;) {
    const last = words.length > 1 ? words.at(-1)! : '';
    if (given.privilege === undefined && PRIVILEGES.some((each) => each === last)) given.privilege = last;
    else if (given.access === undefined && KINDS[last] !== undefined) given.access = last;
    else break;
    words.pop();
  }
  return explanationInWords(
    explain(state, { address: words.join(' '), ...given, ...(frameId !== undefined && { frameId }) }),
  ).join('\n');
}

/** The whole way, a line for each step; the last line is what comes of it. */
export function explanationInWords(explanation: TranslationExplanation): string[] {
  const { access, segment, masked, root, entries, rights, key, memoryType, cached, outcome, now } = explanation;
  const paging = explanation.mode === 'off' ? 'paging is off' : `${explanation.mode} paging`;
  const lines = [
    `Linear ${shortHex(explanation.linear)}: ${IN_WORDS[access.kind]}, ${access.privilege}, ${paging}`,
    ...(segment ? [segment.sentence] : []),
    ...(masked === undefined ? [] : [`Linear-address masking makes it ${shortHex(masked)}.`]),
    ...(root ? [root.sentence] : []),
    ...entries.map(({ sentence }) => `  ${sentence}`),
  ];
  if (rights) lines.push(`Together: ${rightsInWords(rights)}.`);
  if (key && key.register !== 'off') {
    const denied = [key.accessDisabled && 'access disabled', key.writeDisabled && 'write disabled'].filter(Boolean);
    lines.push(`Protection key ${key.key} (${key.register}): ${denied.join(', ') || 'nothing disabled'}.`);
  }
  if (memoryType) lines.push(memoryType.sentence);
  if (cached) lines.push(cached.sentence);
  lines.push(`=> ${outcome.sentence}`);
  if (cached?.stale) lines.push(`=> now: ${now.sentence}`);
  return lines;
}

function rightsInWords(rights: NonNullable<TranslationExplanation['rights']>): string {
  return [
    rights.user ? 'user' : 'supervisor only',
    rights.shadowStack ? 'shadow stack' : rights.writable ? 'writable' : 'read-only',
    rights.executable ? 'executable' : 'not executable',
    ...(rights.global ? ['global'] : []),
    ...(rights.dirty ? ['dirty'] : []),
  ].join(', ');
}

/** Numbers that may have 64 bits travel as 0x-hex strings. */
function toWire<T>(value: T): Wire<T>;
function toWire(value: unknown): unknown {
  if (typeof value === 'bigint') return shortHex(value);
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, toWire(each)]));
}

export function translationBody(explanation: TranslationExplanation): TranslationBody {
  return { text: explanationInWords(explanation), ...toWire(explanation) };
}

/** The access that raised a #PF, by its error code (SDM Vol. 3A §4.7). */
export function accessOf({ errorCode = 0 }: PendingEvent): Access {
  const shadow = (errorCode & 0x40) !== 0;
  const write = (errorCode & 2) !== 0;
  return {
    kind: shadow
      ? write
        ? 'shadowStackWrite'
        : 'shadowStackRead'
      : errorCode & 0x10
        ? 'fetch'
        : write
          ? 'write'
          : 'read',
    privilege: errorCode & 4 ? 'user' : 'supervisor',
  };
}
