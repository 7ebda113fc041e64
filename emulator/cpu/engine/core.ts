import type { ValueType } from '../../wasm/expressions.ts';
import type { FunctionReference, ModuleBuilder } from '../../wasm/moduleBuilder.ts';
import { declareSoftfloat, SOFTFLOAT_FUNCTIONS, type Softfloat } from '../softfloat/softfloat.ts';

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
  /** (`FLUSH`): drops translations, and takes up the PCID that CR3 and CR4 name now. */
  readonly tlbFlush: FunctionReference;
  /** (linear): INVLPG. */
  readonly tlbInvalidate: FunctionReference;
  /** (linear, pcid) and (pcid): INVPCID of types 0 and 1. */
  readonly tlbInvalidatePcid: FunctionReference;
  readonly tlbFlushPcid: FunctionReference;
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

  // memory/lockedAccess.ts
  /** (linear, size): a locked access that can no longer fault. */
  readonly lockedAccess: FunctionReference;

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

  // cpu/system/deliverInline.ts
  /** (record, budget) → status: an instruction has left an event in STATE.event*, or come to nothing. */
  readonly faulted: FunctionReference<'i32'>;

  // cpu/system/iret64.ts
  /** (operand size in bytes) → 0, or 1 with the fault recorded. */
  readonly iret64: FunctionReference<'i32'>;

  // cpu/instructions/sse/compareStrings.ts
  /** (a, b, length of a, length of b, control) → IntRes2. */
  readonly compareStrings: FunctionReference<'i32'>;

  // cpu/softfloat
  readonly softfloat: Softfloat;

  // engine/dispatch.ts
  /** (budget) → status: continues at STATE.rip. */
  readonly lookup: FunctionReference<'i32'>;
  /** Like `lookup`, under RF: leaves when the instruction there takes more than a step. */
  readonly resume: FunctionReference<'i32'>;
}

export interface Imports {
  /** (physicalLow, physicalHigh, size, bounce): the device's answer is put at `bounce`. */
  readonly mmioRead: FunctionReference;
  readonly mmioWrite: FunctionReference;
  /** (hostPhysical, size): drop decoded code that overlaps. */
  readonly codeWritten: FunctionReference;
  /** (hostPhysical): keep the page's content for the last snapshot. */
  readonly savePage: FunctionReference;
  /** (size, access), linear address in ENGINE.scratch1: DR0–DR3 may be interested. */
  readonly watchAccess: FunctionReference;
  /** (which, record) → status: an instruction in TypeScript. */
  readonly instruction: FunctionReference<'i32'>;
}

/** Signatures of the functions in `Core` that are not imports of the step module. */
const SIGNATURES = {
  tlbFind: [['i64'], ['i32']],
  tlbInsert: [['i64', 'i64', 'i32', 'i32'], []],
  tlbFlush: [['i32'], []],
  tlbInvalidate: [['i64'], []],
  tlbInvalidatePcid: [['i64', 'i32'], []],
  tlbFlushPcid: [['i32'], []],
  tlbInvalidateEntry: [['i32'], []],
  flushFast: [[], []],
  translate: [['i64', 'i32'], ['i64']],
  fetch: [[], ['i32']],
  physicalRead64: [['i64'], ['i64']],
  physicalWrite64: [['i64', 'i64'], []],
  prepareWrite: [['i32', 'i32'], []],
  slowRead: [['i64', 'i32', 'i32'], ['i32']],
  slowWrite: [['i64', 'i32', 'i32'], ['i32']],
  commitWrite: [['i32'], []],
  lockedAccess: [['i64', 'i32'], []],
  segmentLinear: [['i32', 'i64', 'i32', 'i32'], ['i64']],
  updateContext: [[], []],
  raise: [['i32'], []],
  raiseError: [['i32', 'i32'], []],
  raisePageFault: [['i64', 'i32'], []],
  faulted: [['i32', 'i32'], ['i32']],
  iret64: [['i32'], ['i32']],
  compareStrings: [['v128', 'v128', 'i32', 'i32', 'i32'], ['i32']],
  lookup: [['i32'], ['i32']],
  resume: [['i32'], ['i32']],
} as const satisfies Record<
  Exclude<keyof Core, 'module' | 'handlerType' | 'imports' | 'softfloat'>,
  readonly [readonly ValueType[], readonly ValueType[]]
>;

export const CORE_FUNCTIONS = Object.keys(SIGNATURES) as (keyof typeof SIGNATURES)[];

const IMPORT_SIGNATURES = {
  mmioRead: [['i32', 'i32', 'i32', 'i32'], []],
  mmioWrite: [['i32', 'i32', 'i32', 'i32'], []],
  codeWritten: [['i32', 'i32'], []],
  savePage: [['i32'], []],
  watchAccess: [['i32', 'i32'], []],
  instruction: [['i32', 'i32'], ['i32']],
} as const satisfies Record<keyof Imports, readonly [readonly ValueType[], readonly ValueType[]]>;

type Signature = readonly [readonly ValueType[], readonly ValueType[]];

function assemble(module: ModuleBuilder, make: (name: string, signature: Signature) => FunctionReference): Core {
  const imports = Object.fromEntries(
    Object.entries(IMPORT_SIGNATURES).map(([name, [parameters, results]]) => [
      name,
      module.import('host', name, parameters, results as readonly ValueType[]),
    ]),
  );
  const functions = Object.fromEntries(
    Object.entries(SIGNATURES).map(([name, signature]) => [name, make(name, signature)]),
  );
  return {
    module,
    handlerType: module.typeIndex(['i32', 'i32'], ['i32']),
    imports,
    softfloat: declareSoftfloat((name, parameters, results) => make(name, [parameters, results])),
    ...functions,
  } as unknown as Core;
}

/** The step module's own functions, to be defined. */
export const declareCore = (module: ModuleBuilder): Core =>
  assemble(module, (name, [parameters, results]) => module.declare(name, parameters, results));

/** The same functions as a block module imports them: each when it is first used. The module takes late imports. */
export function importCore(module: ModuleBuilder): Core {
  const lazily = <T extends object>(names: readonly string[], make: (name: string) => unknown): T => {
    const target = {};
    for (const name of names) {
      let reference: unknown;
      Object.defineProperty(target, name, {
        enumerable: true,
        get: () => {
          reference ??= make(name);
          return reference;
        },
      });
    }
    return target as T;
  };
  const step = (name: string, [parameters, results]: Signature) => module.import('step', name, parameters, results);
  const core = lazily<Core>(CORE_FUNCTIONS, (name) => step(name, SIGNATURES[name as keyof typeof SIGNATURES]));
  return Object.defineProperties(core, {
    module: { value: module },
    handlerType: { value: module.typeIndex(['i32', 'i32'], ['i32']) },
    imports: {
      value: lazily<Imports>(Object.keys(IMPORT_SIGNATURES), (name) => {
        const [parameters, results]: Signature = IMPORT_SIGNATURES[name as keyof Imports];
        return module.import('host', name, parameters, results);
      }),
    },
    softfloat: {
      value: lazily<Softfloat>(Object.keys(SOFTFLOAT_FUNCTIONS), (name) => {
        const [parameters, result] = SOFTFLOAT_FUNCTIONS[name as keyof Softfloat];
        return step(`softfloat.${name}`, [parameters, [result]]);
      }),
    },
  });
}
