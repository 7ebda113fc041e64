import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { provideStepModule } from '../../emulator/cpu/engine/loadStepModule.ts';
import { fromFiles } from '../../emulator/cpu/engine/stepModuleFile.ts';

/** Takes the step tier that the build put beside the bundle; from sources, the first machine makes it. */
export function useBuiltStepModule(folder: string): void {
  const [wasm, index] = [join(folder, 'stepTier.wasm'), join(folder, 'stepTier.json')];
  if (!existsSync(wasm) || !existsSync(index)) return;
  provideStepModule(fromFiles(new Uint8Array(readFileSync(wasm)), readFileSync(index, 'utf8')));
}
