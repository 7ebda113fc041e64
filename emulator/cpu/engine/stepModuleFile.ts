import type { StepModule } from './stepModule.ts';

/** The part of the step module that is not WebAssembly: which handler is where in its table. */
interface Index {
  readonly pseudo: StepModule['pseudo'];
  readonly handlers: readonly (readonly [key: string, index: number])[];
}

/** The step module as a build keeps it: two files' contents. */
export function toFiles(module: StepModule): { wasm: Uint8Array; index: string } {
  const index: Index = { pseudo: module.pseudo, handlers: [...module.handlers] };
  return { wasm: module.bytes, index: JSON.stringify(index) };
}

export function fromFiles(wasm: Uint8Array, index: string): StepModule {
  const { pseudo, handlers } = JSON.parse(index) as Index;
  return { bytes: wasm, pseudo, handlers: new Map(handlers) };
}
