/** The fuzzer's tables in guest memory: one record of 256 bytes for each case and for each outcome (layout.inc). */

export const MODES = ['64', '32', '16', 'v86'] as const;
export type Mode = (typeof MODES)[number];

export const ORIGIN = 0x10_0000;
export const PRISTINE = 0xe0_0000;
export const TEMPLATES = 0xe0_8000;
export const COUNT = 0xe0_c000;
export const FXAREA = 0xe0_d000;
export const INPUT = 0x100_0000;
export const OUTPUT = 0x400_0000;
export const RECORD = 256;
export const FRAMES = 0x80_0000;
export const PAGE = 0x1000;
export const MEMORY_BYTES = 128 * 2 ** 20;
export const MAX_CASES = (OUTPUT - INPUT) / RECORD;
export const TEMPLATE_BYTES = 512;
export const TEMPLATE_COUNT = 32;

/** Linear bases of the three windows of two pages: code, data, stack. */
export interface WindowBases {
  readonly code: number;
  readonly data: number;
  readonly stack: number;
}

export const GPR_NAMES = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');
export const SEGMENT_NAMES = ['cs', 'ss', 'ds', 'es', 'fs', 'gs'] as const;
export type Selectors = Record<(typeof SEGMENT_NAMES)[number], number>;

/** One instruction and the state that it starts from. */
export interface FuzzCase {
  readonly number: number;
  /** 16 bytes, 0xCC behind the instruction. */
  readonly code: Uint8Array;
  /** Linear address of `code`; the instruction pointer is relative to the code segment. */
  readonly codeAt: number;
  /** Its physical address. */
  readonly codeFrame: number;
  /** Outside 64-bit mode: started by JMP to its TSS instead of by IRET. */
  readonly direct?: boolean;
  readonly ip: bigint;
  readonly gpr: readonly bigint[];
  readonly flags: number;
  readonly selectors: Selectors;
  readonly fsBase: bigint;
  readonly gsBase: bigint;
  /** The FXRSTOR image to start from; undefined where x87 and SSE state does not matter. */
  readonly template?: number;
}

export interface Outcome {
  readonly vector: number;
  readonly error: number;
  readonly cr2: bigint;
  readonly ip: bigint;
  readonly flags: number;
  readonly gpr: readonly bigint[];
  readonly selectors: Selectors;
  readonly dr6: number;
  readonly memory: bigint;
  readonly fx: bigint;
  /** FSW. */
  readonly status: number;
  /** Accessed (0x20) and dirty (0x40) bits of the six pages. */
  readonly pages: readonly number[];
  readonly fsBase: bigint;
  readonly gsBase: bigint;
}

export function encodeCase(into: Uint8Array, index: number, item: FuzzCase): void {
  const view = new DataView(into.buffer, into.byteOffset + index * RECORD, RECORD);
  into.set(item.code, index * RECORD);
  view.setUint32(16, (item.template === undefined ? 0 : 1 | (item.template << 8)) | (item.direct ? 2 : 0), true);
  view.setUint32(20, item.flags, true);
  item.gpr.forEach((value, i) => {
    view.setBigUint64(32 + 8 * i, value, true);
  });
  SEGMENT_NAMES.forEach((name, i) => {
    view.setUint16(160 + 2 * i, item.selectors[name], true);
  });
  view.setBigUint64(176, item.ip, true);
  view.setBigUint64(184, item.fsBase, true);
  view.setBigUint64(192, item.gsBase, true);
  view.setUint32(200, item.codeFrame, true);
}

/** What `encodeCase` wrote; the code's linear address is not part of it. */
export function decodeCase(record: Uint8Array): FuzzCase {
  const view = new DataView(record.buffer, record.byteOffset, RECORD);
  const options = view.getUint32(16, true);
  const selectors = SEGMENT_NAMES.map((name, i) => [name, view.getUint16(160 + 2 * i, true)]);
  return {
    number: 0,
    code: record.slice(0, 16),
    codeAt: 0,
    codeFrame: view.getUint32(200, true),
    direct: (options & 2) !== 0,
    ip: view.getBigUint64(176, true),
    gpr: GPR_NAMES.map((_, i) => view.getBigUint64(32 + 8 * i, true)),
    flags: view.getUint32(20, true),
    selectors: Object.fromEntries(selectors) as Selectors,
    fsBase: view.getBigUint64(184, true),
    gsBase: view.getBigUint64(192, true),
    ...((options & 1) !== 0 && { template: options >>> 8 }),
  };
}

export function decodeOutcome(table: Uint8Array, index: number): Outcome {
  const view = new DataView(table.buffer, table.byteOffset + index * RECORD, RECORD);
  const selectors = SEGMENT_NAMES.map((name, i) => [name, view.getUint16(160 + 2 * i, true)]);
  return {
    vector: view.getUint32(0, true),
    error: view.getInt32(4, true),
    cr2: view.getBigUint64(8, true),
    ip: view.getBigUint64(16, true),
    flags: view.getUint32(24, true),
    gpr: GPR_NAMES.map((_, i) => view.getBigUint64(32 + 8 * i, true)),
    selectors: Object.fromEntries(selectors) as Selectors,
    dr6: view.getUint32(172, true),
    memory: view.getBigUint64(176, true),
    fx: view.getBigUint64(184, true),
    status: view.getUint16(216, true),
    pages: [...table.subarray(index * RECORD + 192, index * RECORD + 198)],
    fsBase: view.getBigUint64(200, true),
    gsBase: view.getBigUint64(208, true),
  };
}
