import type { CetBody, CetField, CetRegister } from '../../../adapter/protocol.ts';
import type { Values } from '../changes.ts';
import { shortHex } from '../format.ts';
import type { RowLook } from '../row.ts';

export type CetRow = RowLook &
  (
    | { readonly kind: 'summary' }
    | { readonly kind: 'register'; readonly register: CetRegister; readonly children: readonly CetRow[] }
    | { readonly kind: 'field'; readonly register: CetRegister; readonly field: CetField }
  );

/** Every register and field by name, for the comparison with the next stop. */
export function cetValues(body: CetBody): Values {
  const values = new Map<string, string>([
    ['summary/shadowStack', body.summary.shadowStack],
    ['summary/tracker', body.summary.tracker],
  ]);
  for (const register of body.registers) {
    values.set(register.name, register.value);
    for (const field of register.fields) values.set(`${register.name}/${field.name}`, field.value);
  }
  return values;
}

/** The rows of the view: the state in words, then the registers with their fields below them. */
export function cetRows(body: CetBody, before: Values | undefined): CetRow[] {
  if (!body.available) return [];
  const mark = (key: string, value: string) => (before?.has(key) && before.get(key) !== value ? 'changed' : 'none');
  const summary = (id: string, label: string, words: string, icon: string): CetRow => ({
    kind: 'summary',
    id,
    label,
    description: words,
    tooltip: `${label}: ${words}`,
    icon,
    mark: mark(id, words),
    context: 'cetSummary',
  });
  return [
    summary('summary/shadowStack', 'Shadow stack', body.summary.shadowStack, 'layers'),
    summary('summary/tracker', 'Branch tracker', body.summary.tracker, 'git-branch'),
    ...body.registers.map(
      (register): CetRow => ({
        kind: 'register',
        register,
        id: register.name,
        label: register.name,
        description: [shortHex(register.value), ...setFields(register)].join('  '),
        tooltip: registerTooltip(register),
        icon: 'chip',
        mark: mark(register.name, register.value),
        context: register.settable ? 'cetRegister.settable' : 'cetRegister',
        children: ascending(register.fields).map((field) => ({
          kind: 'field',
          register,
          field,
          id: `${register.name}/${field.name}`,
          label: field.name,
          description: fieldWords(field),
          tooltip: fieldTooltip(register, field),
          icon: isBit(field) ? (isSet(field) ? 'pass-filled' : 'circle-large-outline') : 'symbol-numeric',
          mark: mark(`${register.name}/${field.name}`, field.value),
          context: `cetField${isBit(field) ? '.bit' : ''}${field.settable ? '.settable' : ''}`,
        })),
      }),
    ),
  ];
}

export function cetMessage(body: CetBody): string | undefined {
  return body.available ? undefined : (body.reason ?? 'The processor has no CET.');
}

/** The text that sets a one-bit field to its other value. */
export function flipped(field: CetField): string {
  return isSet(field) ? '0' : '1';
}

function isBit(field: CetField): boolean {
  return field.bits[0] === field.bits[1];
}

function isSet(field: CetField): boolean {
  return BigInt(field.value) !== 0n;
}

/** From bit 0 up: what enables a feature comes first. */
function ascending(fields: readonly CetField[]): CetField[] {
  return [...fields].sort((a, b) => a.bits[1] - b.bits[1]);
}

/** The fields that are not zero, as a row's summary: `SH_STK_EN`, `EB_LEG_BITMAP_BASE=0x7f000`. */
function setFields(register: CetRegister): string[] {
  return ascending(register.fields)
    .filter(isSet)
    .map((field) => (isBit(field) ? field.name : `${field.name}=${fieldWords(field)}`));
}

function fieldWords(field: CetField): string {
  if (!isBit(field)) return field.meaning || shortHex(field.value);
  return [String(BigInt(field.value)), field.meaning].filter(Boolean).join('  ');
}

function bitRange([high, low]: readonly [number, number]): string {
  return high === low ? `bit ${low}` : `bits ${high}:${low}`;
}

function registerTooltip(register: CetRegister): string {
  const name = register.msr ? `**${register.name}** (MSR \`${register.msr}\`)` : `**${register.name}**`;
  return `${name}: \`${register.value}\`\n\n${register.description}`;
}

function fieldTooltip(register: CetRegister, field: CetField): string {
  return `**${register.name}.${field.name}**, ${bitRange(field.bits)}: \`${shortHex(field.value)}\` ${field.meaning}\n\n${field.description}`;
}
