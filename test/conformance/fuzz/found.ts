/**
 * What the fuzzer found and was mended here, as vectors: the case, and its outcome on the oracle. Their data and stack
 * windows hold zeros.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Batch } from './batch.ts';
import {
  decodeCase,
  encodeCase,
  type FuzzCase,
  type Mode,
  PAGE,
  RECORD,
  TEMPLATE_BYTES,
  TEMPLATE_COUNT,
} from './layout.ts';

const FILE = new URL('../data/fuzzFound.json', import.meta.url);

/** Bytes are in hexadecimal digits. */
export interface Found {
  readonly why: string;
  readonly mode: Mode;
  readonly cpl: 0 | 3;
  readonly case: string;
  /** The FXRSTOR image of a case that has one. */
  readonly state?: string;
  readonly outcome: string;
}

export const readFound = (): Found[] => JSON.parse(readFileSync(FILE, 'utf8')) as Found[];

export const writeFound = (list: readonly Found[]): void =>
  writeFileSync(FILE, `${JSON.stringify(list, undefined, 2)}\n`);

const bytesOf = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits, 'hex'));
const digitsOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const outcomeOf = (found: Found): Uint8Array => bytesOf(found.outcome);

/** The same case in windows of zeros. */
export function bare(item: FuzzCase, templates: Uint8Array): { item: FuzzCase; state?: Uint8Array } {
  if (item.template === undefined) return { item };
  const at = item.template * TEMPLATE_BYTES;
  return { item: { ...item, template: 0 }, state: templates.slice(at, at + TEMPLATE_BYTES) };
}

export function batchOf(mode: Mode, item: FuzzCase, state: Uint8Array | undefined): Batch {
  const templates = new Uint8Array(TEMPLATE_COUNT * TEMPLATE_BYTES);
  if (state) templates.set(state);
  const window = new Uint8Array(2 * PAGE);
  return { mode, cases: [item], data: window, stack: window, templates };
}

export function toFound(
  why: string,
  { mode, cpl }: { mode: Mode; cpl: 0 | 3 },
  item: FuzzCase,
  state: Uint8Array | undefined,
  outcome: Uint8Array,
): Found {
  const record = new Uint8Array(RECORD);
  encodeCase(record, 0, item);
  return {
    why,
    mode,
    cpl,
    case: digitsOf(record),
    ...(state && { state: digitsOf(state) }),
    outcome: digitsOf(outcome.subarray(0, RECORD)),
  };
}

export function batchOfFound(found: Found): Batch {
  return batchOf(
    found.mode,
    decodeCase(bytesOf(found.case)),
    found.state === undefined ? undefined : bytesOf(found.state),
  );
}
