import type { FunctionReference, ModuleBuilder } from '../../wasm/moduleBuilder.ts';
import { declareSoftfloatIn, type Softfloat } from '../softfloat/softfloat.ts';

/**
 * The functions of the step module that handlers and system code call, declared in one place so that each topic's file
 * can define its own and call the others. Imports come from TypeScript (`engine/imports.ts`).
 */
export interface Core {
  readonly module: ModuleBuilder;
  /** Type of a handler: (record, budget) → status. */
  readonly handlerType: number;
  readonly imports: Imports;

  // memory/architecturalTlb.ts
  /** (linear) → entry address or 0. */
  readonly tlbFind: FunctionReference<'i32'>;
  /** (linear, physical, flags, sizeClass): puts a translation in, evicting by round robin. */
  readonly tlbInsert: FunctionReference;
  /** (keepGlobal): drops translations of the current PCID. */
  readonly tlbFlush: FunctionReference;
  /** (linear): INVLPG. */
  readonly tlbInvalidate: FunctionReference;
  /** (entry address): drops one translation. */
  readonly tlbInvalidateEntry: FunctionReference;
  /** (): empties every fast TLB and the jump cache. */
  readonly flushFast: FunctionReference;

  // memory/paging.ts
  /** (linear, access) → physical address, or -1 with the fault recorded. */
  readonly translate: FunctionReference<'i64'>;
  /** () → host-physical address of the next instruction byte, or -1 with the fault recorded. */
  readonly fetch: FunctionReference<'i32'>;

  // memory/physical.ts
  readonly physicalRead64: FunctionReference<'i64'>;
  readonly physicalWrite64: FunctionReference;
  /** (hostPhysical, size): everything that must happen before a store within one page of RAM. */
  readonly prepareWrite: FunctionReference;

  // memory/access.ts
  /** (linear, size, access) → host address to read from, or 0 with the fault recorded. */
  readonly slowRead: FunctionReference<'i32'>;
  /** (linear, size, access) → host address to write to, or 0; below RAM_BASE, `commitWrite` must follow the store. */
  readonly slowWrite: FunctionReference<'i32'>;
  /** (bounce address): sends a bounced store on its way. */
  readonly commitWrite: FunctionReference;

  // cpu/segmentation.ts
  /** (segment, offset, size, access) → linear address, or -1 with the fault recorded. */
  readonly segmentLinear: FunctionReference<'i64'>;

  // cpu/context.ts
  /** (): recomputes STATE.context and what derives from it. */
  readonly updateContext: FunctionReference;

  // cpu/events.ts
  /** (vector): records a fault without error code. */
  readonly raise: FunctionReference;
  /** (vector, errorCode) */
  readonly raiseError: FunctionReference;
  /** (linear, errorCode) */
  readonly raisePageFault: FunctionReference;

  // cpu/system/iret64.ts
  /** (operand size in bytes) → 0, or 1 with the fault recorded. */
  readonly iret64: FunctionReference<'i32'>;

  // cpu/softfloat
  readonly softfloat: Softfloat;

  // engine/dispatch.ts
  /** (budget) → status: continues at STATE.rip. */
  readonly lookup: FunctionReference<'i32'>;
}

export interface Imports {
  /** (physicalLow, physicalHigh, size, bounce): the device's answer is put at `bounce`. */
  readonly mmioRead: FunctionReference;
  readonly mmioWrite: FunctionReference;
  /** (hostPhysical, size): drop decoded code that overlaps. */
  readonly codeWritten: FunctionReference;
  /** (hostPhysical): keep the page's content for the last snapshot. */
  readonly savePage: FunctionReference;
  /** (port, size) → value. */
  readonly portIn: FunctionReference<'i32'>;
  /** (port, size, value). */
  readonly portOut: FunctionReference;
  /** (size, access), linear address in ENGINE.scratch1: DR0–DR3 may be interested. */
  readonly watchAccess: FunctionReference;
  /** (which, record) → status: an instruction in TypeScript. */
  readonly instruction: FunctionReference<'i32'>;
}

export function declareCore(module: ModuleBuilder): Core {
  const imports: Imports = {
    mmioRead: module.import('host', 'mmioRead', ['i32', 'i32', 'i32', 'i32']),
    mmioWrite: module.import('host', 'mmioWrite', ['i32', 'i32', 'i32', 'i32']),
    codeWritten: module.import('host', 'codeWritten', ['i32', 'i32']),
    savePage: module.import('host', 'savePage', ['i32']),
    portIn: module.import('host', 'portIn', ['i32', 'i32'], ['i32']),
    portOut: module.import('host', 'portOut', ['i32', 'i32', 'i32']),
    watchAccess: module.import('host', 'watchAccess', ['i32', 'i32']),
    instruction: module.import('host', 'instruction', ['i32', 'i32'], ['i32']),
  };
  return {
    module,
    handlerType: module.typeIndex(['i32', 'i32'], ['i32']),
    imports,
    tlbFind: module.declare('tlbFind', ['i64'], ['i32']),
    tlbInsert: module.declare('tlbInsert', ['i64', 'i64', 'i32', 'i32']),
    tlbFlush: module.declare('tlbFlush', ['i32']),
    tlbInvalidate: module.declare('tlbInvalidate', ['i64']),
    tlbInvalidateEntry: module.declare('tlbInvalidateEntry', ['i32']),
    flushFast: module.declare('flushFast', []),
    translate: module.declare('translate', ['i64', 'i32'], ['i64']),
    fetch: module.declare('fetch', [], ['i32']),
    physicalRead64: module.declare('physicalRead64', ['i64'], ['i64']),
    physicalWrite64: module.declare('physicalWrite64', ['i64', 'i64']),
    prepareWrite: module.declare('prepareWrite', ['i32', 'i32']),
    slowRead: module.declare('slowRead', ['i64', 'i32', 'i32'], ['i32']),
    slowWrite: module.declare('slowWrite', ['i64', 'i32', 'i32'], ['i32']),
    commitWrite: module.declare('commitWrite', ['i32']),
    segmentLinear: module.declare('segmentLinear', ['i32', 'i64', 'i32', 'i32'], ['i64']),
    updateContext: module.declare('updateContext', []),
    raise: module.declare('raise', ['i32']),
    raiseError: module.declare('raiseError', ['i32', 'i32']),
    raisePageFault: module.declare('raisePageFault', ['i64', 'i32']),
    iret64: module.declare('iret64', ['i32'], ['i32']),
    softfloat: declareSoftfloatIn(module),
    lookup: module.declare('lookup', ['i32'], ['i32']),
  };
}
