import type { DecodedInstruction } from '../decode/decoded.ts';
import { type CompiledBlock, compileBlocks } from './blockCompiler.ts';

export interface RunnableBlock extends CompiledBlock {
  run(budget: number): number;
}

const keyOf = (line: readonly DecodedInstruction[]): string => JSON.stringify(line);

/** Compiled blocks by the instructions they were made from, for one machine. */
export class BlockCache {
  private readonly blocks = new Map<string, RunnableBlock>();
  private readonly limit: number;

  constructor(limit = 4096) {
    this.limit = limit;
  }

  /** Compiles lines ahead, in one module: far cheaper than one by one. */
  prepare(lines: readonly (readonly DecodedInstruction[])[], imports: WebAssembly.Imports): void {
    const fresh = new Map(lines.filter((l) => l.length > 0).map((l) => [keyOf(l), l]));
    for (const key of fresh.keys()) if (this.blocks.has(key)) fresh.delete(key);
    if (fresh.size === 0) return;
    if (this.blocks.size + fresh.size > this.limit) this.blocks.clear();
    const { bytes, blocks } = compileBlocks([...fresh.values()]);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), imports);
    [...fresh.keys()].forEach((key, i) => {
      const run = exports[`block${i}`] as (budget: number) => number;
      this.blocks.set(key, { ...blocks[i]!, run });
    });
  }

  /** Undefined for an empty line. */
  get(line: readonly DecodedInstruction[], imports: WebAssembly.Imports): RunnableBlock | undefined {
    if (line.length === 0) return undefined;
    const key = keyOf(line);
    const known = this.blocks.get(key);
    if (known) return known;
    this.prepare([line], imports);
    return this.blocks.get(key);
  }
}
