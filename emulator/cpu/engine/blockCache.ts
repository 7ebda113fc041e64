import type { DecodedInstruction } from '../decode/decoded.ts';
import { type CompiledBlock, compileBlock } from './blockCompiler.ts';

export interface RunnableBlock {
  readonly length: number;
  readonly exits: CompiledBlock['exits'];
  run(budget: number): number;
}

/** Compiled blocks by the instructions they were made from, for one machine. */
export class BlockCache {
  private readonly blocks = new Map<string, RunnableBlock>();
  private readonly limit: number;

  constructor(limit = 256) {
    this.limit = limit;
  }

  /** Undefined for an empty line. */
  get(line: readonly DecodedInstruction[], imports: WebAssembly.Imports): RunnableBlock | undefined {
    if (line.length === 0) return undefined;
    const key = JSON.stringify(line);
    const known = this.blocks.get(key);
    if (known) return known;
    if (this.blocks.size >= this.limit) this.blocks.clear();
    const { bytes, exits, length } = compileBlock(line);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), imports);
    const run = instance.exports.block as (budget: number) => number;
    const block = { length, exits, run };
    this.blocks.set(key, block);
    return block;
  }
}
