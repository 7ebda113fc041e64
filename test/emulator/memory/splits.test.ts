/** Accesses over a page border whose second page faults change nothing; what lies outside RAM reads as ones. */
import { describe, expect, it } from 'vitest';
import { hostPhysical, linear } from '../../../emulator/addresses.ts';
import { type Guest, guest, registersOf } from '../guest.ts';
import { P, RW, Tables, US } from '../tables.ts';

const BORDER = 0x7000_1000n;

/** The page below the border is RAM, the one above is absent (or whatever `above` maps). */
async function split(code: string, above?: bigint): Promise<Guest> {
  const made = await guest(`_start: ${code}`);
  const { machine } = made;
  const tables = new Tables(machine);
  for (let page = 0n; page < 0x20_0000n; page += 0x1000n) tables.map(page, page, P | RW | US);
  tables.map(BORDER - 0x1000n, 0x18_0000n, P | RW | US);
  if (above !== undefined) tables.map(BORDER, 0x18_1000n, above);
  machine.writeRegister('cr3', tables.root);
  machine.writePhysical(hostPhysical(0x18_0000), new Uint8Array(0x2000).fill(0x5a));
  for (const [name, value] of Object.entries({ rbx: BORDER - 3n, rax: 0x1111_2222_3333_4444n, rdx: 7n, rcx: 9n })) {
    machine.writeRegister(name, value);
  }
  machine.setExceptionStops(-1);
  return made;
}

const memory = ({ machine }: Guest) => [...machine.readPhysical(hostPhysical(0x18_0000), 0x2000).data].join();

const CASES: readonly (readonly [string, number])[] = [
  ['movq (%rbx), %rdx', 0],
  ['movq %rax, (%rbx)', 2],
  ['movl %eax, (%rbx)', 2],
  ['addq %rax, (%rbx)', 2],
  ['lock addl %eax, (%rbx)', 2],
  ['xchgq %rax, (%rbx)', 2],
  ['cmpxchgq %rdx, (%rbx)', 2],
  ['cmpxchg8b (%rbx)', 2],
  ['lock btsl $3, (%rbx)', 2],
  ['shlq $1, (%rbx)', 2],
  ['notl (%rbx)', 2],
  ['movups %xmm0, (%rbx)', 2],
  ['movups (%rbx), %xmm1', 0],
  ['movbe %rax, (%rbx)', 2],
  ['pushq (%rbx)', 0],
  ['popq (%rbx)', 2],
  ['movq %rbx, %rsp; pushq %rax', -1],
  ['leaq 8(%rbx), %rsp; pushq %rax', 2],
  ['leaq 8(%rbx), %rsp; call 1f; 1:', 2],
  ['leaq 8(%rbx), %rsp; pushfq', 2],
  ['movq %rbx, %rsp; popq %rax', 0],
  ['movq %rbx, %rsp; ret', 0],
  ['movq %rbx, %rsp; popfq', 0],
  ['movq %rbx, %rbp; leave', 0],
  ['leaq 8(%rbx), %rsp; enter $16, $0', 2],
  ['movq %rbx, %rdi; stosq', 2],
  ['movq %rbx, %rsi; lodsq', 0],
  ['movq %rbx, %rdi; movq $0x100000, %rsi; movsq', 2],
  ['movq %rbx, %rsi; movq $0x180100, %rdi; movsl', 0],
  ['movq %rbx, %rsp; iretq', 0],
];

describe('accesses over a page border', () => {
  it.each(CASES)('%s', async (code, errorCode) => {
    const made = await split(code);
    const { machine } = made;
    const before = memory(made);
    for (let setup = code.split(';').length - (code.endsWith(':') ? 2 : 1); setup > 0; setup--) {
      if (errorCode !== -1) expect(machine.run(1)).toEqual({ kind: 'budget' });
    }
    if (errorCode === -1) {
      expect(machine.run(2)).toEqual({ kind: 'budget' });
      return;
    }
    const registers = registersOf(machine);
    expect(machine.run(1)).toMatchObject({ kind: 'exception', event: { vector: 14, errorCode, cr2: BORDER } });
    expect(registersOf(machine)).toEqual(registers);
    expect(memory(made)).toBe(before);
  });

  it('a read-only second page refuses the whole store', async () => {
    const made = await split('movq %rax, (%rbx)', P | US);
    const before = memory(made);
    expect(made.machine.run(1)).toMatchObject({ kind: 'exception', event: { errorCode: 3, cr2: BORDER } });
    expect(memory(made)).toBe(before);
  });

  it('a store over two pages that are there arrives whole, and sets both dirty', async () => {
    const made = await split('movq %rax, (%rbx)', P | RW);
    expect(made.machine.run(1)).toEqual({ kind: 'budget' });
    const { data } = made.machine.readLinear(linear(BORDER - 4n), 10);
    expect([...data]).toEqual([0x5a, 0x44, 0x44, 0x33, 0x33, 0x22, 0x22, 0x11, 0x11, 0x5a]);
  });

  it.each([1, 7, 1000])('REP MOVSB faults after the bytes that fit, in slices of %i', async (slice) => {
    const made = await split('movq $0x100000, %rsi; leaq -100(%rbx), %rdi; movl $500, %ecx; rep movsb');
    const { machine } = made;
    let exit = machine.run(3);
    while (exit.kind === 'budget') exit = machine.run(slice);
    expect(exit).toMatchObject({ kind: 'exception', event: { vector: 14, errorCode: 2, cr2: BORDER } });
    expect(machine.readRegister('rcx')).toBe(500n - 103n);
    expect(machine.readRegister('rdi')).toBe(BORDER);
    expect(machine.readRegister('rsi')).toBe(0x10_0000n + 103n);
    expect(machine.steps).toBe(3 + 103);
    const copied = machine.readLinear(linear(BORDER - 103n), 103).data;
    expect(copied).toEqual(machine.readLinear(linear(0x10_0000n), 103).data);
  });

  it.each([1, 5, 1000])(
    'REP STOSQ over the border stops before the element that is split, in slices of %i',
    async (slice) => {
      const made = await split('leaq -80(%rbx), %rdi; movl $50, %ecx; rep stosq');
      const { machine } = made;
      let exit = machine.run(2);
      while (exit.kind === 'budget') exit = machine.run(slice);
      expect(exit).toMatchObject({ kind: 'exception', event: { vector: 14, errorCode: 2, cr2: BORDER } });
      expect(machine.readRegister('rdi')).toBe(BORDER - 3n);
      expect(machine.readRegister('rcx')).toBe(40n);
      expect([...machine.readLinear(linear(BORDER - 3n), 3).data]).toEqual([0x5a, 0x5a, 0x5a]);
    },
  );

  it('backward REP MOVSB faults where it enters the page', async () => {
    const made = await split('movq $0x100200, %rsi; leaq -0xff0(%rbx), %rdi; movl $50, %ecx; std; rep movsb');
    const { machine } = made;
    machine.run(4);
    const exit = machine.run(1000);
    expect(exit).toMatchObject({ kind: 'exception', event: { vector: 14, errorCode: 2, cr2: BORDER - 0x1001n } });
    expect(machine.readRegister('rdi')).toBe(BORDER - 0x1001n);
    expect(machine.readRegister('rcx')).toBe(50n - 14n);
  });
});

describe('addresses that are not canonical', () => {
  it.each([
    ['movq $0x7fffffffffff, %rbx; movw (%rbx), %ax', 13],
    ['movq $0x800000000000, %rbx; movb %al, (%rbx)', 13],
    ['movq $0xffff7fffffffffff, %rbx; incb (%rbx)', 13],
    ['movq $0x800000000000, %rbp; movb (%rbp), %al', 12],
    ['movq $0x800000000000, %rsp; pushq %rax', 14],
    ['movq $0x800000000008, %rsp; pushq %rax', 12],
    ['movq $0x7ffffffffffc, %rsp; popq %rax', 12],
    ['movq $0x800000000000, %rbx; jmp *%rbx', 13],
    ['movq $0x800000000000, %rbx; pushq %rbx; ret', 13],
    ['movq $0x800000000000, %rdi; stosb', 13],
  ])('%s raises vector %i', async (code, vector) => {
    const { machine } = await split(code);
    const exit = machine.run(10);
    expect(exit).toMatchObject({ kind: 'exception', event: { vector, errorCode: vector === 14 ? 2 : 0 } });
  });
});

describe('outside RAM', () => {
  it('reads as ones, swallows stores, and takes read-modify-writes', async () => {
    const made = await guest(`_start:
      movl $0xc0000000, %ebx
      movq (%rbx), %rax
      movb $0x12, (%rbx)
      addl $1, (%rbx)
      movl (%rbx), %ecx
      movl $0x3ffffd, %ebx
      movq (%rbx), %rdx
      movq %rbx, (%rbx)
      movq (%rbx), %rsi`);
    const { machine } = made;
    expect(machine.run(9)).toEqual({ kind: 'budget' });
    expect(machine.readRegister('rax')).toBe(0xffff_ffff_ffff_ffffn);
    expect(machine.readRegister('ecx')).toBe(0xffff_ffffn);
    expect(machine.readRegister('rdx')).toBe(0xffff_ffff_ff00_0000n);
    expect(machine.readRegister('rsi')).toBe(0xffff_ffff_ff3f_fffdn);
  });
});
