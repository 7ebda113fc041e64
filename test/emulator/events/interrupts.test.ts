/** External interrupts and NMIs: at which instruction they come, whatever the slices, and what HLT does to time. */
import { describe, expect, it } from 'vitest';
import { linear } from '../../../emulator/addresses.ts';
import { assembleText, boot, type Guest, random, read32, read64, registersOf, runToEnd } from '../guest.ts';
import { smpGuest } from '../smp/guests.ts';
import { advance } from '../state/drive.ts';

const EOI = 'movl $0, 0xb0(%rbp)';
/** Notes where the interrupt came, counts, and ends it. */
const noting = (name: string, end: string): string => `
    pushq %rax
    movq 8(%rsp), %rax
    rolq $5, places(%rip)
    addq %rax, places(%rip)
    incl ${name}(%rip)
    ${end}
    popq %rax
    iretq`;

/** Timer of the APIC, PIT through the 8259s, IPIs and NMIs to itself; STI, POPF, CR8, REP, HLT, MOV SS around them. */
const EVERYTHING = smpGuest({
  bootstrap: `
    movb $0x11, %al
    outb %al, $0x20
    movb $0x20, %al
    outb %al, $0x21
    movb $4, %al
    outb %al, $0x21
    movb $1, %al
    outb %al, $0x21
    movb $0xfe, %al
    outb %al, $0x21
    movb $0x34, %al
    outb %al, $0x43
    movb $6, %al
    outb %al, $0x40
    xorl %eax, %eax
    outb %al, $0x40
    movl $0xb, 0x3e0(%rbp)
    movl $0x20030, 0x320(%rbp)
    movl $37, 0x380(%rbp)
1:  sti
    incl %ebx
    incl %ebx
    movl $3, %ecx
    movq %rcx, %cr8
    xorl %ecx, %ecx
    movq %rcx, %cr8
    leaq buffer(%rip), %rdi
    movl $200, %ecx
    rep stosb
    pushfq
    cli
    movl $0x44031, 0x300(%rbp)
    incl %ebx
    popfq
    incl %ebx
    movl %ss, %ecx
    movl $0x44031, 0x300(%rbp)
    movl %ecx, %ss
    incl %ebx
    testl $8, %ebx
    jz 2f
    movl $0x4400, 0x300(%rbp)
    incl %ebx
2:  rdtsc
    addl %eax, times(%rip)
    testl $16, %ebx
    jz 1b
    hlt
    jmp 1b`,
  handlers: {
    2: noting('nmis', ''),
    32: noting('pits', 'movb $0x20, %al; outb %al, $0x20'),
    48: noting('timers', EOI),
    49: noting('ipis', EOI),
  },
  other: 'hlt',
  data: `
places: .quad 0
nmis: .long 0
pits: .long 0
timers: .long 0
ipis: .long 0
times: .long 0
buffer: .skip 256`,
});

const state = (guest: Guest) => ({ hash: guest.machine.stateHash(), registers: registersOf(guest.machine) });

describe('interrupts of every source', () => {
  const steps = 60_000;
  const image = assembleText(EVERYTHING);
  const fresh = async () => boot(await image);

  it('come', async () => {
    const guest = await fresh();
    advance(guest.machine, steps);
    for (const [name, least] of [
      ['nmis', 20],
      ['pits', 5],
      ['timers', 50],
      ['ipis', 50],
    ] as const) {
      expect(read32(guest.machine, guest.at(name)), name).toBeGreaterThan(least);
    }
  });

  it('come at the same instructions in slices of any size, with breakpoints or without', async () => {
    const whole = await fresh();
    advance(whole.machine, steps);
    const wanted = state(whole);
    const single = await fresh();
    advance(single.machine, 4000, () => 1);
    const short = await fresh();
    advance(short.machine, 4000);
    expect(state(single)).toEqual(state(short));
    for (let seed = 0; seed < 5; seed++) {
      const below = random(seed);
      const guest = await fresh();
      const { machine } = guest;
      advance(machine, steps, () => {
        if (seed > 1 && below(20) === 0) {
          machine.setBreakpoints(Array.from({ length: 10 }, () => linear(0x10_0000n + BigInt(below(0x250)))));
          machine.setExceptionStops(-below(2));
        }
        if (below(30) === 0) machine.snapshot();
        return [1, 2, 3, 20, 150, 2000][below(6)]!;
      });
      expect(state(guest), `seed ${seed}`).toEqual(wanted);
    }
  });

  it('come again alike after a snapshot is restored', async () => {
    const below = random(77);
    for (let round = 0; round < 3; round++) {
      const n = below(steps);
      const reference = await fresh();
      advance(reference.machine, n + 9000);
      const { machine, ...rest } = await fresh();
      advance(machine, n);
      const snapshot = machine.snapshot();
      advance(machine, 9000, () => 1 + below(100));
      expect(state({ machine, ...rest })).toEqual(state(reference));
      machine.restore(snapshot);
      advance(machine, 9000, () => 1 + below(3000));
      expect(state({ machine, ...rest })).toEqual(state(reference));
    }
  });
});

/** Runs code with a handler for vector 31h and NMI that note the interrupted RIP; `send` is a self IPI. */
async function interrupted(
  code: string,
  nmi = 'movq 8(%rsp), %rax; movq %rax, place(%rip); incl count(%rip)',
): Promise<Guest> {
  const body = (what: string, end: string) => `pushq %rax\n${what}\n${end}\npopq %rax\niretq`;
  const guest = boot(
    await assembleText(
      smpGuest({
        bootstrap: `${code}\ndone: cli\nhlt`,
        handlers: {
          2: body(nmi, ''),
          49: body('movq 8(%rsp), %rax; movq %rax, place(%rip); incl count(%rip)', EOI),
          48: body('incl ticks(%rip)', EOI),
        },
        other: 'hlt',
        data: 'place: .quad 0\ncount: .long 0\nnested: .long 0\nticks: .long 0',
      }),
    ),
  );
  expect(runToEnd(guest.machine).kind).toBe('halted');
  return guest;
}

describe('the boundary at which an interrupt comes', () => {
  const SEND = 'movl $0x44031, 0x300(%rbp)';
  it.each([
    ['right after the instruction that raises it', `sti\nnop\n${SEND}\nhere: nop`],
    ['after the instruction that follows STI', `${SEND}\nsti\nnop\nhere: nop`],
    [
      'after the instruction that follows MOV SS',
      `sti\nnop\nmovl %ss, %ecx\n cli\n${SEND}\nmovl %ecx, %ss\nsti\nhere: nop`,
    ],
    ['right after POPF', `${SEND}\npushq $0x202\npopfq\nhere: nop`],
    [
      'right after MOV to CR8',
      `movl $3, %ecx\nmovq %rcx, %cr8\nsti\n${SEND}\nnop\nxorl %ecx, %ecx\nmovq %rcx, %cr8\nhere: nop`,
    ],
    ['right after a write to TPR', `movl $0x30, 0x80(%rbp)\nsti\n${SEND}\nnop\nmovl $0x2f, 0x80(%rbp)\nhere: nop`],
    [
      'at the target of IRET',
      `${SEND}\nmovl %ss, %eax\npushq %rax\npushq %rsp\npushq $0x202\npushq $8\nleaq here(%rip), %rax\npushq %rax\niretq\nnop\nhere: nop`,
    ],
    ['after HLT', `${SEND}\nsti\nhlt\nhere: nop`],
  ])('%s', async (_name, code) => {
    const guest = await interrupted(code);
    expect(read32(guest.machine, guest.at('count'))).toBe(1);
    const offset = read64(guest.machine, guest.at('place')) - guest.at('here');
    // STI after MOV SS: the later shadow counts.
    expect(offset).toBe(_name.includes('MOV SS') ? 1n : 0n);
  });

  it('an NMI comes with interrupts off, and another waits for IRET', async () => {
    const guest = await interrupted(
      'movl $0x1000000, 0x310(%rbp)\nmovl $0, 0x310(%rbp)\nmovl $0x4400, 0x300(%rbp)\nhere: nop',
      `incl nested(%rip)
       cmpl $1, count(%rip)
       ja 1f
       cmpl $1, nested(%rip)
       jne 2f
       incl count(%rip)
       movl $0x4400, 0x300(%rbp)
       movl $0x4400, 0x300(%rbp)
       nop
       decl nested(%rip)
       jmp 1f
2:     incl count(%rip)
1:     movq 8(%rsp), %rax
       movq %rax, place(%rip)`,
    );
    // Two that came in the handler are one; none came inside another.
    expect(read32(guest.machine, guest.at('nested'))).toBe(1);
    expect(read64(guest.machine, guest.at('place'))).toBe(guest.at('here'));
  });
});

it('an interrupt that polling the 8259 acknowledges does not come any more', async () => {
  const out = (port: number, ...values: number[]) =>
    values.map((value) => `movb $${value}, %al\noutb %al, $${port}`).join('\n');
  const count = 'incl count(%rip)\niretq';
  const guest = boot(
    await assembleText(
      smpGuest({
        // IRQ 0 from the PIT, once (mode 0); its request is awaited with interrupts off, then polled (OCW3).
        bootstrap: `cli
          ${out(0x20, 0x11)}
          ${out(0x21, 0x20, 4, 1, 0xfe)}
          ${out(0x43, 0x30)}
          ${out(0x40, 40, 0)}
          ${out(0x20, 0x0a)}
1:        inb $0x20, %al
          testb $1, %al
          jz 1b
          ${out(0x20, 0x0c)}
          inb $0x20, %al
          movl %eax, polled(%rip)
          sti
          nop
          nop
          cli
          hlt`,
        handlers: { 32: count, 39: count },
        other: 'hlt',
        data: 'count: .long 0\npolled: .long 0',
      }),
    ),
  );
  expect(runToEnd(guest.machine).kind).toBe('halted');
  expect(read32(guest.machine, guest.at('polled')) & 0xff).toBe(0x80);
  expect(read32(guest.machine, guest.at('count'))).toBe(0);
});

describe('HLT', () => {
  it('jumps to the next timer: time passes, steps hardly', async () => {
    const guest = await interrupted(`
    movl $0xb, 0x3e0(%rbp)
    movl $0x30, 0x320(%rbp)
    rdtsc
    movq %rax, %r8
    shlq $32, %rdx
    orq %rdx, %r8
    movl $38400000, 0x380(%rbp)
    sti
    hlt
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    subq %r8, %rax`);
    expect(read32(guest.machine, guest.at('ticks'))).toBe(1);
    // A second of a 38.4-MHz crystal is 2803.2 million ticks of the TSC.
    const passed = Number(guest.machine.readRegister('rax'));
    expect(passed).toBeGreaterThan(2_803_200_000);
    expect(passed).toBeLessThan(2_803_201_000);
    expect(guest.machine.steps).toBeLessThan(3000);
  });

  it('with interrupts off is the end even while a timer runs', async () => {
    const guest = await interrupted('movl $0x20030, 0x320(%rbp)\nmovl $1000, 0x380(%rbp)\ncli\nhlt');
    expect(guest.machine.vcpuActivity(0)).toBe('halted');
  });
});

it('console input wakes a guest that had stopped for want of anything that could', async () => {
  const guest = boot(
    await assembleText(
      smpGuest({
        bootstrap: `
    movb $0x11, %al
    outb %al, $0x20
    movb $0x30, %al
    outb %al, $0x21
    movb $4, %al
    outb %al, $0x21
    movb $1, %al
    outb %al, $0x21
    movb $0xef, %al
    outb %al, $0x21
    movw $0x3f9, %dx
    movb $1, %al
    outb %al, %dx
    movw $0x3fc, %dx
    movb $8, %al
    outb %al, %dx
    sti
    hlt
    cli
    hlt`,
        handlers: { 52: 'movw $0x3f8, %dx\ninb %dx, %al\nmovb %al, got(%rip)\niretq' },
        other: 'hlt',
        data: 'got: .long 0',
      }),
    ),
  );
  const { machine } = guest;
  expect(runToEnd(machine)).toMatchObject({ kind: 'halted', sentence: expect.stringContaining('no device') });
  machine.serialInput(Uint8Array.of(0x41));
  expect(runToEnd(machine)).toMatchObject({ kind: 'halted', sentence: expect.stringContaining('IF=0') });
  expect(read32(machine, guest.at('got'))).toBe(0x41);
});
