import type { ShadowStackBody, ShadowStackEntry } from '../../../adapter/protocol.ts';
import type { Values } from '../changes.ts';
import { shortAddress, shortHex, sourcePlace } from '../format.ts';
import type { RowLook } from '../row.ts';

/** How many entries are read at first, and how many more with each "more". */
export const pageSize = 64;

export type ShadowStackRow = RowLook &
  ({ readonly kind: 'entry'; readonly entry: ShadowStackEntry } | { readonly kind: 'zeros' | 'more' | 'stopped' });

/** The entries' values by address, for the comparison with the next stop. */
export function shadowStackValues(body: ShadowStackBody): Values {
  return new Map(body.entries.map((entry) => [entry.address, entry.value]));
}

/**
 * The rows of the view, from SSP upward.
 * @param asked how many entries were asked for: when as many came, there may be more.
 * @param before the entries at the previous stop.
 */
export function shadowStackRows(body: ShadowStackBody, asked: number, before: Values | undefined): ShadowStackRow[] {
  if (!body.enabled) return [];
  const lowest = before && lowestAddress(before);
  const rows: ShadowStackRow[] = [];
  for (let index = 0; index < body.entries.length; ) {
    const zeros = countZeros(body.entries, index);
    if (zeros >= fewestZeros) {
      rows.push(zerosRow(body.entries[index]!, body.entries[index + zeros - 1]!, zeros));
      index += zeros;
      continue;
    }
    const entry = body.entries[index]!;
    const isTop = index === 0;
    rows.push({
      kind: 'entry',
      entry,
      id: entry.address,
      label: `${shortAddress(entry.address)}  ${entryName(entry)}`,
      description: entryWords(entry),
      tooltip: entryTooltip(entry, isTop),
      icon: entryIcon(entry, isTop),
      mark: entry.mismatch ? 'wrong' : isChanged(entry, before, lowest) ? 'changed' : 'none',
      context: entry.source ? 'shadowStackEntry.source' : 'shadowStackEntry',
    });
    index++;
  }
  if (body.stopped !== undefined) {
    rows.push({
      kind: 'stopped',
      id: 'stopped',
      label: 'Reading ends here',
      description: body.stopped,
      tooltip: body.stopped,
      icon: 'circle-slash',
      mark: 'none',
      context: 'end',
    });
  } else if (body.entries.length >= asked) {
    rows.push({
      kind: 'more',
      id: 'more',
      label: `Show ${pageSize} more`,
      description: '',
      tooltip: `${body.entries.length} entries are shown.`,
      icon: 'ellipsis',
      mark: 'none',
      context: 'more',
    });
  }
  return rows;
}

/** From how many zero words on one row stands for all of them: beyond a stack's base a page is mostly empty. */
const fewestZeros = 4;

function countZeros(entries: readonly ShadowStackEntry[], from: number): number {
  let end = from;
  while (end < entries.length && entries[end]!.kind === 'data' && BigInt(entries[end]!.value) === 0n) end++;
  return end - from;
}

function zerosRow(first: ShadowStackEntry, last: ShadowStackEntry, count: number): ShadowStackRow {
  const span = `\`${shortHex(first.address)}\` to \`${shortHex(last.address)}\``;
  return {
    kind: 'zeros',
    id: `zeros/${first.address}`,
    label: `${shortAddress(first.address)}  ${count} words of zero`,
    description: `to ${shortAddress(last.address)}`,
    tooltip: `${span}: ${count} words of zero.`,
    icon: 'dash',
    mark: 'none',
    context: 'zeros',
  };
}

/** What stands above the rows: why there are none, or what the next RET would do. */
export function shadowStackMessage(body: ShadowStackBody): string | undefined {
  if (!body.enabled) return body.reason ?? 'Shadow stacks are off.';
  if (body.nextReturnMismatch) return 'RET here raises #CP(NEAR-RET): the two stacks hold different return addresses.';
  if (body.entries.length === 0 && body.stopped === undefined) return 'The shadow stack holds no entry.';
  return undefined;
}

/** What stands beside the view's title. */
export function shadowStackTitle(body: ShadowStackBody): string {
  return `${body.privilege} · SSP ${shortHex(body.ssp)}`;
}

/** What the entry is: a return address by its symbol, a token by its name. */
function entryName(entry: ShadowStackEntry): string {
  if (entry.kind === 'return') return entry.symbol ?? shortHex(entry.value);
  return [entry.description, entry.symbol].filter(Boolean).join(' ');
}

/** What fits beside it. A mismatch comes first: the rest of a row may be cut off. */
function entryWords(entry: ShadowStackEntry): string {
  const isNamed = entry.kind !== 'return' || entry.symbol !== undefined;
  return [
    entry.mismatch && `≠ ${shortHex(entry.mismatch.actual)} on the stack`,
    isNamed && shortHex(entry.value),
    entry.source && sourcePlace(entry.source),
  ]
    .filter(Boolean)
    .join(' · ');
}

function entryIcon(entry: ShadowStackEntry, isTop: boolean): string {
  if (entry.mismatch) return 'error';
  if (isTop) return 'debug-stackframe';
  switch (entry.kind) {
    case 'return':
      return 'debug-stackframe-dot';
    case 'restoreToken':
    case 'previousSspToken':
    case 'supervisorToken':
      return 'key';
    case 'farSsp':
    case 'farLip':
    case 'farCs':
      return 'arrow-swap';
    case 'data':
      return 'symbol-numeric';
  }
}

function entryTooltip(entry: ShadowStackEntry, isTop: boolean): string {
  const lines = [
    `\`${shortHex(entry.address)}\`: \`${entry.value}\`${isTop ? ' (SSP points here)' : ''}`,
    entry.description,
  ];
  if (entry.symbol) lines.push(`\`${entry.symbol}\``);
  if (entry.source) lines.push(`${entry.source.path}:${entry.source.line}`);
  if (entry.mismatch) {
    lines.push(
      entry.mismatch.text,
      `Expected (shadow stack): \`${entry.mismatch.expected}\``,
      `Actual (stack at \`${shortHex(entry.mismatch.stackAddress)}\`): \`${entry.mismatch.actual}\``,
    );
  }
  return lines.join('\n\n');
}

/** A value is new when it differs, or when it was pushed below all that was there. */
function isChanged(entry: ShadowStackEntry, before: Values | undefined, lowest: bigint | undefined): boolean {
  if (!before || lowest === undefined) return false;
  const old = before.get(entry.address);
  return old === undefined ? BigInt(entry.address) < lowest : old !== entry.value;
}

function lowestAddress(values: Values): bigint | undefined {
  let lowest: bigint | undefined;
  for (const key of values.keys()) {
    const address = BigInt(key);
    if (lowest === undefined || address < lowest) lowest = address;
  }
  return lowest;
}
