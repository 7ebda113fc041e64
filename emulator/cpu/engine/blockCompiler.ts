import type { FunctionBuilder, Label } from '../../wasm/functionBuilder.ts';
import { ModuleBuilder } from '../../wasm/moduleBuilder.ts';
import type { DecodedInstruction } from '../decode/decoded.ts';
import { DEFINITIONS } from '../instructions/index.ts';
import { BlockEmitter, type BlockExit } from './blockEmitter.ts';
import { type Core, importCore } from './core.ts';
import type { Definition } from './emitter.ts';

/**
 * Instructions that stay in the step tier: their semantics work on the registers in memory, through system functions
 * or TypeScript.
 */
const STEP_ONLY = new Set(['rdtsc', 'host', 'int', 'iret', 'syscall', 'sysret', 'swapgs', 'mov-cr3']);

const definitionKey = (name: string, shape: string): string => `${name}/${shape}`;
const BY_SHAPE: ReadonlyMap<string, Definition> = new Map(
  DEFINITIONS.flatMap((d) => d.shapes.map((shape) => [definitionKey(d.name, shape), d] as const)),
);

export const compilable = (instruction: DecodedInstruction): boolean => !STEP_ONLY.has(instruction.form.name);

/** A repeated string instruction spends steps of its own: it ends its block. */
export const endsBlock = (instruction: DecodedInstruction): boolean =>
  instruction.ends || /^rep/.test(instruction.form.name);

export interface CompiledBlock {
  /** By the number that the block leaves in ENGINE.blockExit. */
  readonly exits: readonly BlockExit[];
  readonly length: number;
}

/**
 * Compiles straight lines of instructions into one module that exports `block0`, `block1` …, each `(budget) → STATUS`.
 * The budget must be at least the number of instructions; ENGINE.ripBase must stand for the page.
 */
export function compileBlocks(lines: readonly (readonly DecodedInstruction[])[]): {
  bytes: Uint8Array;
  blocks: readonly CompiledBlock[];
} {
  const module = new ModuleBuilder({ memoryPages: 1, lateImports: true });
  const core = importCore(module);
  const blocks = lines.map((instructions, index): CompiledBlock => {
    const reference = module.declare(`block${index}`, ['i32'], ['i32']);
    let exits: readonly BlockExit[] = [];
    module.define(reference, (f) => {
      exits = emitBlock(f, core, instructions);
    });
    module.export(reference);
    return { exits, length: instructions.length };
  });
  return { bytes: module.finish(), blocks };
}

function emitBlock(f: FunctionBuilder, core: Core, instructions: readonly DecodedInstruction[]): readonly BlockExit[] {
  let emitter!: BlockEmitter;
  f.block((out: Label) => {
    f.block((fault: Label) => {
      emitter = new BlockEmitter(f, core, out, fault);
      let offset = 0;
      for (const instruction of instructions) {
        const definition = BY_SHAPE.get(definitionKey(instruction.form.name, instruction.form.shape));
        if (!definition) throw new Error(`no semantics for ${instruction.form.name}/${instruction.form.shape}`);
        emitter.begin(instruction);
        definition.emit(emitter);
        offset = instruction.offset + instruction.length;
      }
      emitter.end(offset);
    });
    emitter.faulted();
  });
  emitter.epilogue();
  f.prepend(emitter.prologue());
  return emitter.exits;
}
