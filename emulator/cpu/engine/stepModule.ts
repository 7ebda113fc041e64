import { defineAccess } from '../../memory/access.ts';
import { defineArchitecturalTlb } from '../../memory/architecturalTlb.ts';
import { defineLockedAccess } from '../../memory/lockedAccess.ts';
import { definePaging } from '../../memory/paging.ts';
import { definePhysical } from '../../memory/physical.ts';
import type { Label } from '../../wasm/functionBuilder.ts';
import { ModuleBuilder } from '../../wasm/moduleBuilder.ts';
import { defineContext } from '../context.ts';
import { defineEvents } from '../events.ts';
import { DEFINITIONS } from '../instructions/index.ts';
import { defineCompareStrings } from '../instructions/sse/compareStrings.ts';
import { defineSegmentation } from '../segmentation.ts';
import { defineSoftfloat } from '../softfloat/softfloat.ts';
import { defineDeliver64 } from '../system/deliver64.ts';
import { defineDeliverInline } from '../system/deliverInline.ts';
import { defineIret64 } from '../system/iret64.ts';
import { CORE_FUNCTIONS, type Core, declareCore } from './core.ts';
import { defineDispatch, definePseudoHandlers } from './dispatch.ts';
import { type Definition, type Form, formKey, formsOf } from './emitter.ts';
import { defineFetchCached, defineHostAccess } from './hostAccess.ts';
import { StepEmitter } from './stepEmitter.ts';

export interface StepModule {
  readonly bytes: Uint8Array;
  /** Table index of each form's handler, by `formKey`. */
  readonly handlers: ReadonlyMap<string, number>;
  readonly pseudo: Record<'lookupNext' | 'goTo' | 'breakpoint', number>;
}

function defineHandler(core: Core, definition: Definition, form: Form): number {
  const reference = core.module.declare(formKey(form), ['i32', 'i32'], ['i32']);
  core.module.define(reference, (f) => {
    f.block((fault: Label) => {
      const e = new StepEmitter(f, core, form, fault);
      definition.emit(e);
      if (!e.ended) e.finish();
    });
    f.returnCall(core.faulted, f.parameter<'i32'>(0), f.parameter<'i32'>(1));
  });
  return core.module.addToTable(reference);
}

/** Emits the whole step tier: one handler for each instruction form, and the system functions they share. */
export function buildStepModule(): StepModule {
  const module = new ModuleBuilder({ memoryPages: 1 });
  const core = declareCore(module);
  definePhysical(core);
  defineArchitecturalTlb(core);
  definePaging(core);
  defineAccess(core);
  defineLockedAccess(core);
  defineSegmentation(core);
  defineContext(core);
  defineEvents(core);
  defineDispatch(core, defineFetchCached(core));
  defineDeliverInline(core, defineDeliver64(core));
  defineIret64(core);
  defineSoftfloat(core);
  defineCompareStrings(core);
  defineHostAccess(core);
  // For TypeScript, and for block modules.
  for (const name of CORE_FUNCTIONS) module.export(core[name], name);
  for (const reference of Object.values(core.softfloat)) module.export(reference);
  const pseudo = definePseudoHandlers(core);
  const handlers = new Map<string, number>();
  for (const definition of DEFINITIONS) {
    for (const form of formsOf(definition)) {
      const key = formKey(form);
      if (handlers.has(key)) throw new Error(`two definitions of ${key}`);
      handlers.set(key, defineHandler(core, definition, form));
    }
  }
  return { bytes: module.finish(), handlers, pseudo };
}
