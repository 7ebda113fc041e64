import { HOST_INSTRUCTIONS } from '../hostTable.ts';
import type { HostHandler } from './context.ts';
import { controlRegisters } from './controlRegisters.ts';
import { directStores } from './directStores.ts';
import { farTransfers } from './farTransfers.ts';
import { fxSave } from './fxSave.ts';
import { inputOutput } from './inputOutput.ts';
import { invpcidInstruction } from './invpcid.ts';
import { legacy } from './legacy.ts';
import { modelSpecific } from './modelSpecific.ts';
import { monitorInstructions } from './monitor.ts';
import { processorInstructions } from './processor.ts';
import { segments } from './segments.ts';
import { systemEntry } from './systemEntry.ts';
import { virtual8086Instructions } from './virtual8086.ts';
import { x87Arithmetic } from './x87Arithmetic.ts';
import { x87Environment } from './x87Environment.ts';
import { x87Transcendental } from './x87Transcendental.ts';
import { xsave } from './xsave.ts';

const BY_NAME: Readonly<Record<string, HostHandler>> = {
  ...controlRegisters,
  ...directStores,
  ...farTransfers,
  ...fxSave,
  ...inputOutput,
  ...invpcidInstruction,
  ...legacy,
  ...modelSpecific,
  ...monitorInstructions,
  ...processorInstructions,
  ...segments,
  ...systemEntry,
  ...x87Arithmetic,
  ...x87Environment,
  ...x87Transcendental,
  ...virtual8086Instructions,
  ...xsave,
};

/** Handlers by host instruction number; one that is named but not there yet says so. */
export const HOST_HANDLERS: readonly HostHandler[] = HOST_INSTRUCTIONS.map(
  (name) =>
    BY_NAME[name] ??
    ((c) => c.unsupported(`The guest executes ${c.code || name}, which this machine does not have yet.`)),
);
