/** Unmasked x87 exceptions with CR0.NE clear: FERR#, IRQ 13, IGNNE#, and the wait (SDM Vol. 1 §8.7, appendix D). */
import { describe, expect, it } from 'vitest';
import { assembleText, boot, type Guest, read64, runToEnd } from '../guest.ts';
import { smpGuest } from '../smp/guests.ts';
import { kernel, recordsOf } from './kernel.ts';

const IRQ13 = 45;
const MF = 16;

/** 8259s at 20h and 28h with masks; CR0.NE clear; zero divide and invalid unmasked. */
const setup = (masterMask = 0xfb, slaveMask = 0xdf) => `
  movb $0x11, %al\n outb %al, $0x20\n outb %al, $0xa0
  movb $0x20, %al\n outb %al, $0x21\n movb $0x28, %al\n outb %al, $0xa1
  movb $4, %al\n outb %al, $0x21\n movb $2, %al\n outb %al, $0xa1
  movb $1, %al\n outb %al, $0x21\n outb %al, $0xa1
  movb $${masterMask}, %al\n outb %al, $0x21\n movb $${slaveMask}, %al\n outb %al, $0xa1
  movq %cr0, %rax\n andl $~0x20, %eax\n movq %rax, %cr0
  fninit\n movw $0x37a, control(%rip)\n fldcw control(%rip)\n`;
const ZERO_DIVIDE = 'fld1\n fldz\n fdivrp\n';
const END_OF_INTERRUPT = 'movb $0x20, %al\n outb %al, $0xa0\n outb %al, $0x20\n';
const DATA = '.data\n control: .word 0\n count: .long 0\n status: .quad 0, 0, 0, 0\n .text';

/** The events with the names of the labels where they came. */
const eventsOf = (made: Guest) => {
  const names = new Map(made.image.symbols.map(({ name, address }) => [address, name]));
  return recordsOf(made).map(({ vector, rip }) => [vector, names.get(rip) ?? rip.toString(16)]);
};

describe('with CR0.NE clear an unmasked x87 exception', () => {
  it('raises IRQ 13 right after its instruction', async () => {
    const made = await kernel(
      `${setup()} sti\n nop\n fld1\n fldz\n cause: fdivrp\n after: nop\n nop\n fwait\n last: hlt`,
      `outb %al, $0xf0\n fnclex\n ${END_OF_INTERRUPT}`,
      DATA,
    );
    made.machine.setBreakpoints([made.at('last') as never]);
    expect(runToEnd(made.machine)).toEqual({ kind: 'breakpoint' });
    expect(eventsOf(made)).toEqual([[IRQ13, 'after']]);
  });

  it.each([
    ['a store', 'fld1\n fldz\n fdivrp\n', 'fstps count(%rip)'],
    ['WAIT', 'fld1\n fldz\n fdivrp\n', 'fwait'],
    ['an instruction in TypeScript', 'fldz\n fld1\n fchs\n fsqrt\n', 'fsin'],
    ['one that such an instruction caused', 'fld1\n fldz\n fscale\n fld1\n fxch\n fyl2x\n', 'fldpi'],
  ])('freezes %s while interrupts are off, and nothing else', async (_, cause, waiting) => {
    const made = await kernel(
      `${setup()} fldz\n fldz\n ${cause} fnstsw %ax\n fnstcw control(%rip)\n movl $7, count(%rip)\n wait: ${waiting}\n hlt`,
      'hlt',
      DATA,
    );
    const exit = runToEnd(made.machine);
    const at = `0x${made.at('wait').toString(16)}`;
    expect(exit).toEqual({
      kind: 'halted',
      sentence: `The guest waits at RIP ${at} for IRQ 13 of an unmasked x87 exception (CR0.NE is 0), and interrupts are off (IF=0): nothing can wake it.`,
    });
    expect(made.machine.vcpuActivity(0)).toBe('frozen');
    expect(eventsOf(made)).toEqual([]);
    expect(Number(read64(made.machine, made.at('count'))) & 0xff).toBe(7);
  });

  it('lets an interrupt in at the frozen instruction, which begins again after it', async () => {
    // IRQ 13 is masked until the timer has come.
    const made = await kernel(
      `${setup(0xfa, 0xff)} movb $0x30, %al\n outb %al, $0x43\n movb $0, %al\n outb %al, $0x40\n movb $1, %al\n outb %al, $0x40
       ${ZERO_DIVIDE} sti\n waits: fwait\n last: hlt`,
      `cmpq $32, 16(%rsp)\n jne 1f\n movb $0xdf, %al\n outb %al, $0xa1\n jmp 2f\n 1: outb %al, $0xf0\n fnclex\n 2: ${END_OF_INTERRUPT}`,
      DATA,
    );
    made.machine.setBreakpoints([made.at('last') as never]);
    expect(runToEnd(made.machine)).toEqual({ kind: 'breakpoint' });
    expect(eventsOf(made)).toEqual([
      [32, 'waits'],
      [IRQ13, 'waits'],
    ]);
  });

  it('is ignored from a write to port F0h until it is cleared', async () => {
    const made = await kernel(
      `${setup()} sti\n nop\n ${ZERO_DIVIDE} a: nop\n fnclex\n ${ZERO_DIVIDE} b: nop\n fwait\n last: hlt`,
      // The handler works with the FPU while the exception waits; the second one clears it there.
      `outb %al, $0xf0\n movl count(%rip), %edx\n incl count(%rip)\n fldpi\n fnstsw %ax\n movw %ax, status(,%rdx,2)\n
       testl %edx, %edx\n jz 1f\n fnclex\n 1: ${END_OF_INTERRUPT}`,
      DATA,
    );
    made.machine.setBreakpoints([made.at('last') as never]);
    expect(runToEnd(made.machine)).toEqual({ kind: 'breakpoint' });
    expect(eventsOf(made)).toEqual([
      [IRQ13, 'a'],
      [IRQ13, 'b'],
    ]);
    expect(read64(made.machine, made.at('status')) & 0x8080_8080n).toBe(0x8080_8080n);
  });

  it('does not assert IGNNE# where none waits', async () => {
    const made = await kernel(`${setup()} outb %al, $0xf0\n ${ZERO_DIVIDE} waits: fwait\n hlt`, 'hlt', DATA);
    expect(runToEnd(made.machine).kind).toBe('halted');
    expect(made.machine.readRegister('rip')).toBe(made.at('waits'));
  });

  it('is taken back by what clears ES', async () => {
    for (const clear of ['fnclex', 'fninit', 'fnsave image(%rip)', 'fnstenv image(%rip)']) {
      const made = await kernel(
        `${setup()} ${ZERO_DIVIDE} ${clear}\n fwait\n fld1\n last: hlt`,
        'hlt',
        `${DATA}\n .data\n image: .skip 108\n .text`,
      );
      made.machine.setBreakpoints([made.at('last') as never]);
      expect(runToEnd(made.machine), clear).toEqual({ kind: 'breakpoint' });
    }
  });

  it('lets go when a debugger clears it', async () => {
    const made = await kernel(`${setup()} ${ZERO_DIVIDE} fwait\n movl $5, count(%rip)\n hlt`, 'hlt', DATA);
    expect(runToEnd(made.machine).kind).toBe('halted');
    expect(made.machine.writeRegister('fsw', 0n)).toBeUndefined();
    runToEnd(made.machine);
    expect(Number(read64(made.machine, made.at('count')) & 0xffn)).toBe(5);
  });

  it('follows CR0.NE', async () => {
    const flip = 'movq %cr0, %rax\n xorl $0x20, %eax\n movq %rax, %cr0\n';
    const native = await kernel(`${setup()} ${ZERO_DIVIDE} ${flip} sti\n nop\n a: fwait\n hlt`, 'hlt', DATA);
    runToEnd(native.machine);
    // The 8259 has kept the edge.
    expect(eventsOf(native)).toEqual([[IRQ13, 'a']]);
    const off = await kernel(`${setup()} ${ZERO_DIVIDE} ${flip} a: fwait\n hlt`, 'hlt', DATA);
    runToEnd(off.machine);
    expect(eventsOf(off)).toEqual([[MF, 'a']]);
    const back = await kernel(`${setup()} ${flip} ${ZERO_DIVIDE} sti\n nop\n ${flip} a: nop\n hlt`, 'hlt', DATA);
    runToEnd(back.machine);
    expect(eventsOf(back)).toEqual([[IRQ13, 'a']]);
  });

  it('comes with FLDCW, FLDENV or FXRSTOR when they unmask one', async () => {
    const mask = 'movw $0x37f, control(%rip)\n fldcw control(%rip)\n';
    for (const unmask of [
      'movw $0x37a, control(%rip)\n fldcw control(%rip)',
      'fnstenv image(%rip)\n andl $~4, image(%rip)\n fldenv image(%rip)',
      'fxsave image(%rip)\n andl $~4, image(%rip)\n fxrstor image(%rip)',
    ]) {
      const made = await kernel(
        `${setup()} sti\n ${mask} ${ZERO_DIVIDE} nop\n ${unmask}\n a: nop\n hlt`,
        'hlt',
        `${DATA}\n .data\n .align 16\n image: .skip 512\n .text`,
      );
      runToEnd(made.machine);
      expect(eventsOf(made), unmask).toEqual([[IRQ13, 'a']]);
    }
  });

  it('repeats step by step, in slices of any length and from snapshots', async () => {
    const body = `${setup(0xfa)} movb $0x34, %al\n outb %al, $0x43\n movb $0, %al\n outb %al, $0x40\n movb $1, %al\n outb %al, $0x40
      sti\n again: ${ZERO_DIVIDE} movl $20, %ecx\n 1: loop 1b\n cli\n fnclex\n ${ZERO_DIVIDE} sti\n fwait\n fninit\n fldcw control(%rip)\n incl count(%rip)\n jmp again`;
    const resume = `cmpq $45, 16(%rsp)\n jne 1f\n outb %al, $0xf0\n testl $1, count(%rip)\n jz 1f\n fnclex\n 1: ${END_OF_INTERRUPT}
      leaq records(%rip), %rax\n movq %rax, next(%rip)`;
    const make = () => kernel(body, resume, DATA);
    const whole = await make();
    whole.machine.run(6000);
    expect(whole.machine.interrupts.get(IRQ13)).toBeGreaterThan(20);
    expect(whole.machine.exceptions.get(MF)).toBeUndefined();
    const slices = await make();
    for (let left = 6000, i = 1; left > 0; i = (i % 7) + 1) {
      const taken = Math.min(left, i);
      slices.machine.run(taken);
      left -= taken;
    }
    expect(slices.machine.stateHash()).toBe(whole.machine.stateHash());
    const restored = await make();
    restored.machine.run(3001);
    const snapshot = restored.machine.snapshot();
    restored.machine.run(700);
    restored.machine.restore(snapshot);
    restored.machine.run(2999);
    expect(restored.machine.stateHash()).toBe(whole.machine.stateHash());
  });

  it('of another vCPU is handled by the first, whose IGNNE# lets the other go on', async () => {
    const source = smpGuest({
      bootstrap: 'sti\n 1: cmpl $0, done(%rip)\n jz 1b\n cli\n hlt',
      handlers: { 117: `outb %al, $0xf0\n incl count(%rip)\n ${END_OF_INTERRUPT} iretq` },
      other: `fninit\n movw $0x37b, control\n fldcw control\n ${ZERO_DIVIDE} fwait\n fnstsw status\n movl $1, done\n 1: hlt\n jmp 1b`,
      data: 'control: .long 0\n count: .long 0\n done: .long 0\n status: .long 0, 0',
    });
    const made = boot(await assembleText(source), { cpus: 2 });
    expect(runToEnd(made.machine, 200_000).kind).toBe('halted');
    expect([...made.machine.interrupts]).toEqual([[117, 1]]);
    expect(read64(made.machine, made.at('count')) & 0xffff_ffffn).toBe(1n);
    // ES is still set: nobody has cleared it.
    expect(read64(made.machine, made.at('status')) & 0x84n).toBe(0x84n);
  });
});
