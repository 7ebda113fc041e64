import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../../adapter/program/assembler/index.ts';
import { readElf } from '../../../adapter/program/elf/read.ts';
import type { FrameDescription } from '../../../adapter/program/image.ts';
import { findMultibootHeader } from '../../../adapter/program/multiboot.ts';
import { assembleText, hex, readerOf } from './corpus.ts';
import { gasVersion, inScratch } from './gas.ts';

describe('the image', () => {
  it('lays sections out in order from the origin, each aligned', async () => {
    const source =
      '\t.bss\n\t.p2align 6\nb: .skip 8\n\t.data\n\t.p2align 3\nd: .quad 1\n\t.section .rodata\nr: .byte 1\n\t.section .mine,"aw"\nm: .byte 2\n\t.text\nt: nop\n';
    const { image } = await assembleText(source, { origin: 0x7000n });
    expect(image!.sections.map(({ name, address, size }) => [name, address, size])).toEqual([
      ['.text', 0x7000n, 1n],
      ['.rodata', 0x7001n, 1n],
      ['.data', 0x7008n, 8n],
      ['.mine', 0x7010n, 1n],
      ['.bss', 0x7040n, 8n],
    ]);
    const bss = image!.segments[4]!;
    expect([bss.data.length, bss.memorySize, bss.writable, bss.executable]).toEqual([0, 8n, true, false]);
  });

  it('starts at 0x100000 and enters at _start, or at the start of .text', async () => {
    const named = await assembleText('\tnop\n_start: nop\n');
    expect([named.image!.entry, named.image!.bits]).toEqual([0x100001n, 64]);
    const plain = await assembleText('\t.code32\n\tnop\n');
    expect([plain.image!.entry, plain.image!.bits]).toEqual([0x100000n, 32]);
    const own = await assembleText('\t.code16\n__origin = 0x7c00\n_start: nop\n');
    expect(own.image!.entry).toBe(0x7c00n);
    const mixed = await assembleText('\t.code32\n_start: nop\n\t.code64\n\tnop\n');
    expect(mixed.image!.bits).toBe(32);
  });

  it('puts sections at addresses that the options fix, and refuses overlaps', async () => {
    const source = '\t.text\n\tmov data, %eax\n\t.data\ndata: .long 5\n';
    const { image } = await assembleText(source, { sectionAddresses: { '.data': 0x200000n } });
    expect(hex(image!.segments[0]!.data)).toBe('8b042500002000');
    const overlap = await assembleText(source, { sectionAddresses: { '.data': 0x100003n } });
    expect(overlap.diagnostics.map(({ message }) => message)).toEqual([
      'Section .data at 0x100003 overlaps .text at 0x100000.',
    ]);
  });

  it('names symbols with kind, size and binding', async () => {
    const source =
      '\t.globl f\n\t.type f, @function\nf: ret\n\t.size f, .-f\nl: nop\n\t.equ n, 7\n\t.weak w\nw: nop\n.Lhidden: nop\n1: nop\n\t.data\n\t.type o, @object\no: .quad 0\n\t.size o, 8\n';
    const { image } = await assembleText(source);
    expect(image!.symbols).toEqual([
      { name: 'n', address: 7n, size: 0n, kind: 'absolute', global: false },
      { name: 'f', address: 0x100000n, size: 1n, kind: 'function', global: true },
      { name: 'l', address: 0x100001n, size: 0n, kind: 'label', global: false },
      { name: 'w', address: 0x100002n, size: 0n, kind: 'label', global: true },
      { name: 'o', address: 0x100005n, size: 8n, kind: 'object', global: false },
    ]);
  });

  it('lists what each statement emitted, and every file read', async () => {
    const files = { 'dir/main.s': '\tnop\n\t.include "a.inc"\n\t.byte 1, 2\n', 'dir/a.inc': '\tret\n' };
    const { listing, files: read } = await assemble('dir/main.s', { origin: 0x10n }, readerOf(files));
    expect(listing.map(({ address, bytes, file, line }) => [address, hex(bytes), read[file], line])).toEqual([
      [0x10n, '90', 'dir/main.s', 1],
      [0x11n, 'c3', 'dir/a.inc', 1],
      [0x12n, '0102', 'dir/main.s', 3],
    ]);
    expect(read).toEqual(['dir/main.s', 'dir/a.inc']);
  });

  it('takes definitions, include paths, syntax and mode from the options', async () => {
    const files = { 'main.s': '\t.include "x.inc"\n\tmov eax, VALUE\n', 'inc/x.inc': '\tnop\n' };
    const options = {
      defines: { VALUE: '0x12' },
      includePaths: ['inc'],
      syntax: 'intel',
      bits: 32,
      origin: 0n,
    } as const;
    const plain = await assemble('main.s', options, readerOf(files));
    expect(hex(plain.image!.segments[0]!.data)).toBe('90b812000000');
    const preprocessed = await assemble(
      'main.S',
      { defines: { A: '', B: '3' } },
      readerOf({ 'main.S': '\t.byte A, B, __x86_64__\n' }),
    );
    expect(hex(preprocessed.image!.segments[0]!.data)).toBe('010301');
  });

  it('says so when there is no source', async () => {
    const { diagnostics, image } = await assemble('none.s', {}, readerOf({}));
    expect(image).toBeUndefined();
    expect(diagnostics[0]!.message).toBe('There is no file "none.s".');
  });
});

describe('Multiboot 1 headers', () => {
  const header = (flags: number): string => `\t.long 0x1badb002, ${flags}, -(0x1badb002 + ${flags})\n`;

  it('is found in an assembled image at its offset', async () => {
    const { image } = await assembleText(`_start: jmp go\n\t.balign 4\n${header(3)}go: hlt\n`);
    expect(image!.multiboot).toEqual({ flags: 3, fileOffset: 4 });
  });

  it('gives the address fields when bit 16 is set', async () => {
    const { image } = await assembleText(`h:${header(0x10003)}\t.long h, h, end, end, go\ngo: hlt\nend:\n`);
    expect(image!.multiboot).toEqual({
      flags: 0x10003,
      fileOffset: 0,
      addresses: {
        headerAddr: 0x100000,
        loadAddr: 0x100000,
        loadEndAddr: 0x100021,
        bssEndAddr: 0x100021,
        entryAddr: 0x100020,
      },
    });
  });

  it('needs the checksum, the alignment, and room in the first 8 KiB', async () => {
    const bytes = (await assembleText(header(0))).image!.segments[0]!.data;
    const at = (offset: number, length = 8192): Uint8Array => {
      const image = new Uint8Array(length);
      image.set(bytes.subarray(0, Math.max(0, length - offset)), offset);
      return image;
    };
    expect(findMultibootHeader(at(8180))).toEqual({ flags: 0, fileOffset: 8180 });
    expect(findMultibootHeader(at(8184))).toBeUndefined();
    expect(findMultibootHeader(at(8192, 16384))).toBeUndefined();
    expect(findMultibootHeader(at(2))).toBeUndefined();
    const wrong = at(0);
    wrong[8]! ^= 1;
    expect(findMultibootHeader(wrong)).toBeUndefined();
    expect(findMultibootHeader(new Uint8Array(3))).toBeUndefined();
  });
});

const CFI = `
	.text
	.globl _start
_start:
	.cfi_startproc
	push %rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov %rsp, %rbp
	.cfi_def_cfa_register %rbp
	push %rbx
	.cfi_rel_offset rbx, -8
	.cfi_remember_state
	sub $16, %rsp
	leave
	.cfi_restore 6
	.cfi_def_cfa 7, 8
	ret
	.cfi_restore_state
	nop
	.cfi_same_value r12
	.cfi_undefined 13
	nop
	.cfi_register 14, 15
	.cfi_adjust_cfa_offset 32
	ret
	.cfi_endproc
second:
	.cfi_startproc simple
	.cfi_signal_frame
	.cfi_def_cfa 7, 24
	.cfi_offset 16, -24
	nop
	.cfi_def_cfa_offset 40
	iretq
	.cfi_endproc
`;

const plainFrames = (frames: readonly FrameDescription[]) =>
  [...frames]
    .sort((a, b) => Number(a.start - b.start))
    .map(({ start, end, returnRegister, signalFrame, rows }) => ({
      start,
      end,
      returnRegister,
      signalFrame,
      rows: rows.map(({ address, cfa, registers }) => ({
        address,
        cfa,
        registers: [...registers].sort(([a], [b]) => a - b),
      })),
    }));

describe('.cfi directives', () => {
  it('give the CFA and the register rules row by row', async () => {
    const { image } = await assembleText(CFI, { origin: 0x1000n });
    const [first, second] = image!.frames;
    expect([first!.start, first!.end, first!.returnRegister, second!.signalFrame]).toEqual([
      0x1000n,
      0x100en,
      16,
      true,
    ]);
    expect(
      first!.rows.map(({ address, cfa }) => [
        address,
        cfa.kind === 'register' ? `${cfa.register}+${cfa.offset}` : cfa.kind,
      ]),
    ).toEqual([
      [0x1000n, '7+8'],
      [0x1001n, '7+16'],
      [0x1004n, '6+16'],
      [0x1005n, '6+16'],
      [0x100an, '7+8'],
      [0x100bn, '6+16'],
      [0x100cn, '6+16'],
      [0x100dn, '6+48'],
    ]);
    expect(first!.rows[3]!.registers.get(3)).toEqual({ kind: 'offset', offset: -24n });
  });

  it.skipIf(gasVersion() === undefined)('equal the .eh_frame that GNU as writes', async () => {
    const { image } = await assembleText(CFI, { origin: 0x100000n });
    const elf = inScratch((folder) => {
      writeFileSync(join(folder, 'a.s'), CFI);
      expect(spawnSync('as', ['-o', 'a.o', 'a.s'], { cwd: folder }).status).toBe(0);
      expect(spawnSync('ld', ['-Ttext=0x100000', '-o', 'a', 'a.o'], { cwd: folder }).status).toBe(0);
      return Uint8Array.from(readFileSync(join(folder, 'a')));
    });
    const read = await readElf('a', elf);
    expect(plainFrames(image!.frames)).toEqual(plainFrames(read.image!.frames));
  });
});
