/**
 * `.debug_frame` (DWARF 5 §6.4.1) and `.eh_frame` (LSB Core, "The .eh_frame section") to frame descriptions.
 */
import { Cursor, hex, printable, sentenceOf } from '../cursor.ts';
import type { FrameDescription } from '../image.ts';
import { type ProgramContext, type RuleBudget, type Rules, runFrame, runInitial } from './frame-program.ts';
import { type PointerContext, pointerOmitted, readPointer, readValue } from './pointer.ts';

export interface FrameInput {
  /** In order of preference; `address` is where the section is linked. */
  readonly sections: readonly {
    readonly name: '.debug_frame' | '.eh_frame';
    readonly contents: { readonly bytes: Uint8Array; readonly address: bigint } | undefined;
  }[];
  readonly bits: 32 | 64;
  /** Added to every address. */
  readonly bias: bigint;
  readonly bases: PointerContext['bases'];
  /** Memory of the program as loaded, at loaded addresses. */
  readonly readMemory: (address: bigint, size: number) => bigint | undefined;
  readonly isCode: (address: bigint) => boolean;
}

interface Cie {
  readonly returnRegister: number;
  readonly signalFrame: boolean;
  readonly hasAugmentationData: boolean;
  readonly pointerEncoding: number;
  readonly addressSize: 4 | 8;
  readonly codeAlignment: bigint;
  readonly dataAlignment: bigint;
  readonly initial: Rules;
}

/** Far more than any real program has (Linux's kernel: about 2 million). */
const mostRules = 8_000_000;

export function readFrames(input: FrameInput): { frames: FrameDescription[]; warnings: string[] } {
  const found = new Map<bigint, FrameDescription>();
  const warnings: string[] = [];
  const budget: RuleBudget = { left: mostRules };
  for (const { name, contents } of input.sections) {
    if (!contents) continue;
    const section = new FrameSection(name, contents.bytes, contents.address, input, budget);
    for (const frame of section.read(warnings)) {
      if (!found.has(frame.start)) found.set(frame.start, frame);
    }
  }
  const frames = [...found.values()].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  return { frames, warnings };
}

class FrameSection {
  private readonly cies = new Map<number, Cie>();
  private readonly isEh: boolean;

  constructor(
    private readonly name: string,
    private readonly bytes: Uint8Array,
    private readonly address: bigint,
    private readonly input: FrameInput,
    private readonly budget: RuleBudget,
  ) {
    this.isEh = name === '.eh_frame';
  }

  *read(warnings: string[]): Generator<FrameDescription> {
    const cursor = new Cursor(this.bytes, this.name);
    try {
      while (cursor.left > 0) {
        const at = cursor.offset;
        const { length, width } = cursor.initialLength('length');
        // A zero terminates .eh_frame for the run-time unwinder; linked sections may go on after it.
        if (length === 0) continue;
        const entry = cursor.part(length, 'length');
        try {
          const frame = this.readEntry(entry, width);
          if (frame) yield frame;
        } catch (error) {
          warnings.push(`The unwind entry at ${hex(at)} is skipped: ${sentenceOf(error)}`);
        }
      }
    } catch (error) {
      warnings.push(`Some unwind entries are missing: ${sentenceOf(error)}`);
    }
  }

  /** The FDE in `entry` (which starts after the length); undefined for a CIE and for code that was dropped. */
  private readEntry(entry: Cursor, width: 4 | 8): FrameDescription | undefined {
    const at = entry.offset;
    // .eh_frame keeps 4 bytes here even after a 64-bit length.
    const pointer = entry.unsigned(this.isEh ? 4 : width, 'CIE_pointer');
    const cieMark = this.isEh ? 0n : width === 4 ? 0xffff_ffffn : 0xffff_ffff_ffff_ffffn;
    if (pointer === cieMark) return undefined;
    const cieOffset = this.isEh ? BigInt(at) - pointer : pointer;
    if (cieOffset < 0n || cieOffset >= BigInt(this.bytes.length)) {
      entry.wrong('CIE_pointer', pointer, 'the place of a CIE in the section', at);
    }
    const cie = this.cieAt(Number(cieOffset));
    const { addressSize, pointerEncoding } = cie;
    const start = readPointer(entry, pointerEncoding, this.pointers(addressSize), 'initial_location');
    const length = readValue(entry, pointerEncoding & 0x0f, addressSize, 'address_range');
    if (cie.hasAugmentationData) entry.skip(entry.ulebNumber('the augmentation length'), 'the augmentation data');
    const from = start + this.input.bias;
    if (length <= 0n || !this.input.isCode(from)) return undefined;
    const end = from + length;
    if (end > 1n << BigInt(addressSize * 8)) entry.wrong('address_range', length, `a range within ${hex(end)}`);
    const rows = runFrame(entry, this.program(cie, start), cie.initial, from, end, this.budget);
    const { returnRegister, signalFrame } = cie;
    return { start: from, end, returnRegister, signalFrame, rows };
  }

  private cieAt(offset: number): Cie {
    let cie = this.cies.get(offset);
    if (!cie) {
      cie = this.readCie(offset);
      this.cies.set(offset, cie);
    }
    return cie;
  }

  private readCie(offset: number): Cie {
    const outer = new Cursor(this.bytes, this.name, offset);
    const { length, width } = outer.initialLength('length');
    const cursor = outer.part(length, 'length');
    const at = cursor.offset;
    const id = cursor.unsigned(this.isEh ? 4 : width, 'CIE_id');
    const mark = this.isEh ? 0n : width === 4 ? 0xffff_ffffn : 0xffff_ffff_ffff_ffffn;
    if (id !== mark) cursor.wrong('CIE_id', id, hex(mark), at);
    const version = cursor.u8('version');
    if (version !== 1 && version !== 3 && version !== 4) {
      cursor.wrong('the version of a CIE', version, '1, 3 or 4', cursor.offset - 1);
    }
    const augmentation = cursor.string('augmentation');
    let statedSize: number | undefined;
    if (version === 4) {
      statedSize = cursor.u8('address_size');
      if (statedSize !== 4 && statedSize !== 8) cursor.wrong('address_size', statedSize, '4 or 8', cursor.offset - 1);
      const selector = cursor.u8('segment_selector_size');
      if (selector !== 0) cursor.wrong('segment_selector_size', selector, '0', cursor.offset - 1);
    }
    if (augmentation.startsWith('eh')) cursor.unsigned(this.input.bits / 8, 'the exception table of GCC 2');
    const codeAlignment = cursor.uleb('code_alignment_factor');
    const dataAlignment = cursor.sleb('data_alignment_factor');
    const returnRegister =
      version === 1 ? cursor.u8('return_address_register') : cursor.ulebNumber('return_address_register');
    // A 64-bit program in a 32-bit file (objcopy -O elf32-i386) is told by its return register.
    const addressSize = (statedSize ?? (returnRegister === 16 ? 8 : returnRegister === 8 ? 4 : this.input.bits / 8)) as
      | 4
      | 8;
    const augmented = this.readAugmentation(cursor, augmentation, addressSize);
    const base = { returnRegister, addressSize, codeAlignment, dataAlignment, ...augmented };
    const initial = runInitial(cursor, this.program(base, 0n), this.budget);
    return { ...base, initial };
  }

  private readAugmentation(cursor: Cursor, augmentation: string, addressSize: 4 | 8) {
    let pointerEncoding = 0;
    let signalFrame = false;
    const hasAugmentationData = augmentation.startsWith('z');
    if (hasAugmentationData) {
      const data = cursor.part(cursor.ulebNumber('the augmentation length'), 'the augmentation data');
      for (const letter of augmentation.slice(1)) {
        if (letter === 'R') pointerEncoding = data.u8("the 'R' augmentation");
        else if (letter === 'S') signalFrame = true;
        else if (letter === 'L') data.u8("the 'L' augmentation");
        else if (letter === 'P') {
          const encoding = data.u8("the 'P' augmentation");
          // The personality may be an indirect slot; only its length matters here.
          if (encoding !== pointerOmitted)
            readPointer(data, encoding & 0x7f, this.pointers(addressSize), 'the personality');
        } else break; // What an unknown letter means is unknown, but the length covers its data.
      }
    } else if (augmentation === 'S') {
      signalFrame = true; // What as writes to .debug_frame, which knows no 'z'.
    } else if (augmentation !== '' && augmentation !== 'eh') {
      cursor.wrong(
        'augmentation',
        JSON.stringify(printable(augmentation)),
        "an empty one, or one that starts with 'z'",
      );
    }
    return { pointerEncoding, signalFrame, hasAugmentationData };
  }

  private pointers(addressSize: 4 | 8): PointerContext {
    const { bias, bases, readMemory } = this.input;
    return {
      addressSize,
      sectionAddress: this.address,
      bases,
      readMemory: (address, size) => {
        const value = readMemory(address + bias, size);
        // A slot that was relocated holds a loaded address; pointers here are linked ones.
        return value === undefined ? undefined : BigInt.asUintN(size * 8, value - bias);
      },
    };
  }

  private program(
    cie: Pick<Cie, 'codeAlignment' | 'dataAlignment' | 'addressSize' | 'pointerEncoding'>,
    functionStart: bigint,
  ): ProgramContext {
    const { codeAlignment, dataAlignment, addressSize, pointerEncoding } = cie;
    const context = { ...this.pointers(addressSize), functionStart };
    const readAddress = (cursor: Cursor) =>
      readPointer(cursor, pointerEncoding, context, 'DW_CFA_set_loc') + this.input.bias;
    return { codeAlignment, dataAlignment, addressSize, readAddress };
  }
}
