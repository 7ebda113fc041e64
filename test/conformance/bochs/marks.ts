import { readFileSync } from 'node:fs';

/** Registers of a mark, as `MarkMachine.register` is asked for them. */
export const MARK_REGISTERS = [
  ...['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'],
  ...['rflags', 'cs', 'ss', 'cr0', 'cr2', 'cr3', 'cr4', 'efer'],
  ...['ssp', 'u_cet', 's_cet', 'pl0_ssp', 'pl1_ssp', 'pl2_ssp', 'pl3_ssp', 'interrupt_ssp_table_addr'],
] as const;
export type MarkRegister = (typeof MARK_REGISTERS)[number];

/** State when RIP is at a label, before the instruction there. */
export interface Mark {
  readonly label: string;
  /** A register that depends on what CPUID says is absent. */
  readonly registers: Readonly<Partial<Record<MarkRegister, bigint>>>;
  /** From SSP upward, as many of eight quadwords as can be read; none when SSP is 0. */
  readonly shadowStack: readonly bigint[];
}
export const SHADOW_STACK_QUADWORDS = 8;

/** The fields of a record, after the test's own address (`guests/harness.inc`). */
export const RECORD_FIELDS = [
  ...['vector', 'errorCode', 'cr2', 'rip', 'cs', 'rflags', 'rsp', 'ssp', 'rax', 'pl3Ssp', 'uCet', 'sCet'],
  ...['probe0', 'probe1', 'probe2'],
] as const;
export type RecordField = (typeof RECORD_FIELDS)[number];
export type TestRecord = Readonly<Record<RecordField, bigint>>;

/** What was recorded of one guest. */
export interface Recording {
  readonly guest: string;
  /** Of the image's bytes: a recording holds for one image only. */
  readonly sha256: string;
  readonly machine: string;
  /** EAX when the guest wrote to the debug-exit port. */
  readonly exitCode: number;
  readonly serial: string;
  readonly marks: readonly Mark[];
  readonly records: ReadonlyMap<string, TestRecord>;
}

/** What a machine must offer to be compared with a recording. */
export interface MarkMachine {
  /** Runs until RIP is at one of these linear addresses and gives it; undefined when the guest ended before. */
  runTo(addresses: readonly bigint[]): bigint | undefined;
  register(name: MarkRegister): bigint;
  /** Linear memory as a debugger reads it; shorter when a page is not there. */
  read(address: bigint, length: number): Uint8Array;
  /** Everything sent to the serial port so far. */
  serial(): string;
}

interface File {
  readonly guest: string;
  readonly sha256: string;
  readonly machine: string;
  readonly exitCode: number;
  readonly serial: string;
  readonly marks?: readonly { label: string; registers: Record<string, string>; shadowStack: readonly string[] }[];
  readonly records?: Record<string, readonly string[]>;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

export function readRecording(path: URL): Recording {
  const file = JSON.parse(readFileSync(path, 'utf8')) as File;
  const marks = (file.marks ?? []).map(({ label, registers, shadowStack }) => ({
    label,
    registers: Object.fromEntries(Object.entries(registers).map(([name, value]) => [name, BigInt(value)])),
    shadowStack: shadowStack.map(BigInt),
  }));
  const records = new Map(Object.entries(file.records ?? {}).map(([name, row]) => [name, recordOf(row.map(BigInt))]));
  return { ...file, marks, records };
}

/** The file's text: one line a mark or a record, so that a changed one shows in a diff. */
export function writeRecording(recording: Recording): string {
  const { guest, sha256, machine, exitCode, serial, marks, records } = recording;
  const head = Object.entries({ guest, sha256, machine, exitCode, serial }).map(
    ([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  const lines = (open: string, rows: string[], close: string) => `${open}\n${rows.join(',\n')}\n  ${close}`;
  if (marks.length > 0) {
    const rows = marks.map(({ label, registers, shadowStack }) => {
      const values = Object.fromEntries(Object.entries(registers).map(([name, value]) => [name, hex(value)]));
      return `    ${JSON.stringify({ label, registers: values, shadowStack: shadowStack.map(hex) })}`;
    });
    head.push(`  "marks": ${lines('[', rows, ']')}`);
  } else {
    const rows = [...records].map(
      ([name, record]) =>
        `    ${JSON.stringify(name)}: ${JSON.stringify(RECORD_FIELDS.map((field) => hex(record[field])))}`,
    );
    head.push(`  "records": ${lines('{', rows, '}')}`);
  }
  return `{\n${head.join(',\n')}\n}\n`;
}

/** Fifteen quadwords to a record. */
export function recordOf(row: readonly bigint[]): TestRecord {
  if (row.length !== RECORD_FIELDS.length) throw new Error(`A record has ${row.length} fields instead of 15.`);
  return Object.fromEntries(RECORD_FIELDS.map((field, index) => [field, row[index]])) as unknown as TestRecord;
}

const RECORD_BYTES = 128;

/** Reads a guest's table of records (`results`, `count`) out of memory. `labels` names the tests. */
export function parseRecords(
  table: Uint8Array,
  count: number,
  labels: ReadonlyMap<bigint, string>,
): Map<string, TestRecord> {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const records = new Map<string, TestRecord>();
  for (let at = 0; at < count * RECORD_BYTES; at += RECORD_BYTES) {
    const row = Array.from({ length: 16 }, (_, index) => view.getBigUint64(at + index * 8, true));
    const name = labels.get(row[0]!) ?? hex(row[0]!);
    if (records.has(name)) throw new Error(`Test "${name}" left two records.`);
    records.set(name, recordOf(row.slice(1)));
  }
  return records;
}

/** State at the mark where the machine stands. */
export function takeMark(machine: MarkMachine, label: string): Mark {
  const registers = Object.fromEntries(MARK_REGISTERS.map((name) => [name, machine.register(name)]));
  const ssp = machine.register('ssp');
  const bytes = ssp === 0n ? new Uint8Array() : machine.read(ssp, SHADOW_STACK_QUADWORDS * 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shadowStack = Array.from({ length: bytes.length >> 3 }, (_, index) => view.getBigUint64(index * 8, true));
  return { label, registers, shadowStack };
}

/** The differences of two marks, one sentence each. A register that `expected` leaves out is not compared. */
export function compareMarks(expected: Mark, actual: Mark, where: string): string[] {
  const differences: string[] = [];
  if (expected.label !== actual.label) return [`${where}: at ${actual.label}, expected ${expected.label}`];
  for (const [name, value] of Object.entries(expected.registers) as [MarkRegister, bigint][]) {
    const found = actual.registers[name];
    if (found !== value) differences.push(`${where}: ${name} is ${show(found)}, expected ${hex(value)}`);
  }
  expected.shadowStack.forEach((value, index) => {
    const found = actual.shadowStack[index];
    if (found !== value) differences.push(`${where}: [SSP+${index * 8}] is ${show(found)}, expected ${hex(value)}`);
  });
  return differences;
}

/** The differences of two records, one sentence each. A field that `expected` leaves out is not compared. */
export function compareRecords(expected: Partial<TestRecord>, actual: TestRecord | undefined, name: string): string[] {
  if (actual === undefined) return [`${name}: no record`];
  return (Object.entries(expected) as [RecordField, bigint][])
    .filter(([field, value]) => actual[field] !== value)
    .map(([field, value]) => `${name}: ${field} is ${hex(actual[field])}, expected ${hex(value)}`);
}

const show = (value: bigint | undefined): string => (value === undefined ? 'absent' : hex(value));
