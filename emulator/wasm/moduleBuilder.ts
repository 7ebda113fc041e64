import { ByteWriter } from './byteWriter.ts';
import { TYPE_CODE, type ValueType } from './expressions.ts';
import { FunctionBuilder } from './functionBuilder.ts';

export interface FunctionReference<R extends ValueType = ValueType> {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly results: readonly R[];
  readonly index: number;
}

/**
 * Builds one WebAssembly module: an imported memory, an own function table, functions and exports. All imports are
 * declared before the first function, since they share one index space.
 */
export class ModuleBuilder {
  private readonly types: string[] = [];
  private readonly typeBytes: Uint8Array[] = [];
  private readonly imports: { module: string; field: string; reference: FunctionReference }[] = [];
  private readonly functions: (FunctionBuilder | undefined)[] = [];
  private readonly references: FunctionReference[] = [];
  private readonly exports: { name: string; reference: FunctionReference }[] = [];
  private readonly table: number[] = [];
  private readonly memoryPages: number;
  private readonly hasTable: boolean;
  private readonly lateImports: boolean;

  /**
   * `lateImports`: imports may be declared while functions are being written, so that only what is used is imported;
   * in return the module's own functions cannot call each other, and there is no table.
   */
  constructor(options: { memoryPages: number; lateImports?: boolean }) {
    this.memoryPages = options.memoryPages;
    this.lateImports = options.lateImports ?? false;
    this.hasTable = !this.lateImports;
  }

  typeIndex(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${parameters.join()}:${results.join()}`;
    const known = this.types.indexOf(key);
    if (known >= 0) return known;
    const w = new ByteWriter(16);
    w.u8(0x60);
    for (const list of [parameters, results]) {
      w.u32(list.length);
      for (const type of list) w.u8(TYPE_CODE[type]);
    }
    this.types.push(key);
    this.typeBytes.push(w.finish());
    return this.types.length - 1;
  }

  import<R extends ValueType>(
    module: string,
    field: string,
    parameters: readonly ValueType[],
    results: readonly R[] = [],
  ): FunctionReference<R> {
    if (this.references.length > 0 && !this.lateImports) throw new Error(`import ${field} declared after a function`);
    const reference = { name: field, parameters, results, index: this.imports.length };
    this.typeIndex(parameters, results);
    this.imports.push({ module, field, reference });
    return reference;
  }

  /** Declares a function so that others can call it; `define` gives its body. */
  declare<R extends ValueType>(
    name: string,
    parameters: readonly ValueType[],
    results: readonly R[] = [],
  ): FunctionReference<R> {
    const slot = this.references.length;
    const index = this.lateImports ? -1 - slot : this.imports.length + slot;
    const reference = { name, parameters, results, index };
    this.typeIndex(parameters, results);
    this.references.push(reference);
    this.functions.push(undefined);
    return reference;
  }

  define(reference: FunctionReference, body: (f: FunctionBuilder) => void): void {
    const slot = this.lateImports ? -1 - reference.index : reference.index - this.imports.length;
    if (this.functions[slot]) throw new Error(`${reference.name} defined twice`);
    const builder = new FunctionBuilder(this, reference);
    body(builder);
    this.functions[slot] = builder;
  }

  export(reference: FunctionReference, name = reference.name): void {
    this.exports.push({ name, reference });
  }

  /** Puts a function in the table; returns its table index. */
  addToTable(reference: FunctionReference): number {
    return this.table.push(reference.index) - 1;
  }

  finish(): Uint8Array {
    const out = new ByteWriter(1 << 16);
    for (const byte of [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) out.u8(byte);
    const section = (id: number, write: (w: ByteWriter) => void) => {
      const w = new ByteWriter(1 << 12);
      write(w);
      out.u8(id);
      out.u32(w.length);
      out.append(w);
    };
    section(1, (w) => {
      w.u32(this.typeBytes.length);
      for (const bytes of this.typeBytes) w.raw(bytes);
    });
    section(2, (w) => {
      w.u32(this.imports.length + 1);
      for (const { module, field, reference } of this.imports) {
        w.name(module);
        w.name(field);
        w.u8(0);
        w.u32(this.typeIndex(reference.parameters, reference.results));
      }
      w.name('env');
      w.name('memory');
      w.u8(2);
      w.u8(0);
      w.u32(this.memoryPages);
    });
    section(3, (w) => {
      w.u32(this.references.length);
      for (const reference of this.references) w.u32(this.typeIndex(reference.parameters, reference.results));
    });
    if (this.hasTable) {
      section(4, (w) => {
        w.u32(1);
        w.u8(0x70);
        w.u8(0);
        w.u32(this.table.length);
      });
    }
    section(7, (w) => {
      w.u32(this.exports.length + (this.hasTable ? 1 : 0));
      for (const { name, reference } of this.exports) {
        w.name(name);
        w.u8(0);
        w.u32(this.lateImports ? this.imports.length - 1 - reference.index : reference.index);
      }
      if (this.hasTable) {
        w.name('table');
        w.u8(1);
        w.u8(0);
      }
    });
    if (this.hasTable && this.table.length > 0) {
      section(9, (w) => {
        w.u32(1);
        w.u8(0);
        w.u8(0x41);
        w.s32(0);
        w.u8(0x0b);
        w.u32(this.table.length);
        for (const index of this.table) w.u32(index);
      });
    }
    section(10, (w) => {
      w.u32(this.functions.length);
      this.functions.forEach((builder, i) => {
        if (!builder) throw new Error(`${this.references[i]?.name} declared but not defined`);
        builder.writeTo(w);
      });
    });
    return out.finish();
  }
}
