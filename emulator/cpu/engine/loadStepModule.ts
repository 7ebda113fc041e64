import { buildStepModule, type StepModule } from './stepModule.ts';

export interface LoadedStepModule {
  readonly module: StepModule;
  readonly compiled: WebAssembly.Module;
}

let loaded: LoadedStepModule | undefined;

/** Gives the step tier as built beforehand; without it, the first machine builds it (about 0.2 s). */
export function provideStepModule(module: StepModule): void {
  loaded = { module, compiled: new WebAssembly.Module(module.bytes as BufferSource) };
}

/** The step tier, compiled once for all machines. */
export function loadStepModule(): LoadedStepModule {
  if (!loaded) provideStepModule(buildStepModule());
  return loaded!;
}
