import { describe, expect, it } from 'vitest';
import { hostPhysical } from '../../../emulator/addresses.ts';
import { acpiTables } from '../../../emulator/firmware/acpi.ts';
import { type Guest, guest, runToEnd } from '../guest.ts';

/** Sets an alarm for the next second and goes to S3; wakes in real mode at 0:6000h, where [5000h] tells what is left. */
const sleeper = `
_start:
 mov $0x6000, %edi
 mov $waking, %esi
 mov $(waked - waking), %ecx
 rep movsb
 movl $0x2a, 0x5000
 mov $0xff, %bl
 mov $1, %al
 call cmos
 mov $3, %al
 call cmos
 mov $5, %al
 call cmos
 mov $0x22, %bl
 mov $11, %al
 call cmos
 mov $0x602, %edx
 mov $0x400, %ax
 out %ax, %dx
 mov $0x604, %edx
 mov $0x2400, %ax
 out %ax, %dx
 movl $0, 0x5000
 ud2
cmos:
 out %al, $0x70
 mov %bl, %al
 out %al, $0x71
 ret
.code16
waking:
 mov 0x5000, %al
 out %al, $0xf4
waked:
`;

function setWakingVector({ machine }: Guest, value: number): void {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  machine.writePhysical(hostPhysical(acpiTables(machine.configuration.cpus ?? 1).wakingVector), bytes);
}

describe('ACPI S3', () => {
  it('keeps memory, takes the processor its state, and wakes it in real mode at the alarm', async () => {
    const made = await guest(sleeper);
    setWakingVector(made, 0x6000);
    expect(runToEnd(made.machine, 1000)).toEqual({ kind: 'debugExit', code: 0x2a });
    const { machine } = made;
    expect([machine.codeBits(), machine.readRegister('cs'), machine.readRegister('cr0') & 1n]).toEqual([
      16,
      0x600n,
      0n,
    ]);
  });

  it('repeats from a snapshot taken while it sleeps', async () => {
    const made = await guest(sleeper);
    setWakingVector(made, 0x6000);
    const { machine } = made;
    while (machine.vcpuActivity(0) !== 'waitForSipi') machine.run(1);
    const snapshot = machine.snapshot();
    const end = () => [runToEnd(machine, 1000), machine.steps, machine.stateHash()];
    const first = end();
    machine.restore(snapshot);
    expect(end()).toEqual(first);
  });

  it('has nowhere to wake to without a waking vector', async () => {
    const { machine } = await guest(sleeper);
    const exit = runToEnd(machine, 1000);
    expect(exit.kind).toBe('reset');
    expect(exit).toMatchObject({ sentence: expect.stringMatching(/waking vector 0x0 in its FACS/) });
  });
});

describe('ways to end', () => {
  const write = (size: string, value: number, port: number) =>
    `mov $${value}, %eax\n mov $${port}, %edx\n out %${size}, %dx\n`;

  it.each<[string, string, string]>([
    ['ACPI S5', write('ax', 0x2000, 0x604), 'poweredOff'],
    ['"Shutdown"', [...'Shutdown'].map((c) => write('al', c.charCodeAt(0), 0x8900)).join(''), 'poweredOff'],
    ['CF9h', write('al', 6, 0xcf9), 'reset'],
    ['port 92h', write('al', 3, 0x92), 'reset'],
    ['the keyboard controller', write('al', 0xfe, 0x64), 'reset'],
  ])('%s', async (_, source, kind) => {
    const { machine } = await guest(`_start:\n${source} jmp .\n`);
    const exit = runToEnd(machine, 1000);
    expect(exit.kind).toBe(kind);
    expect(exit).toHaveProperty('sentence');
  });

  it('a guest that masks A20 is told of once each time, in a sentence', async () => {
    const { machine } = await guest(`_start:\n${write('al', 0, 0x92)}${write('al', 2, 0x92)} out %al, $0xf4\n`);
    const notices: string[] = [];
    machine.onNotice((sentence) => notices.push(sentence));
    runToEnd(machine, 1000);
    expect(notices).toEqual(['The guest masked address line A20; on this machine it stays on.']);
  });
});

describe('a machine with all its devices', () => {
  /** Timer, RTC and serial interrupts through the 8259s into a counter each. */
  const ticking = `
_start:
 lidt idtr
 mov $idt, %edi
 lea tick(%rip), %eax
 mov $0x30, %ecx
1: movw %ax, (%rdi)
 movw $8, 2(%rdi)
 movw $0x8e00, 4(%rdi)
 mov %eax, %ebx
 shr $16, %ebx
 movw %bx, 6(%rdi)
 add $16, %edi
 loop 1b
 mov $0x11, %al
 out %al, $0x20
 out %al, $0xa0
 mov $0x20, %al
 out %al, $0x21
 mov $0x28, %al
 out %al, $0xa1
 mov $4, %al
 out %al, $0x21
 mov $2, %al
 out %al, $0xa1
 mov $1, %al
 out %al, $0x21
 out %al, $0xa1
 mov $0x34, %al
 out %al, $0x43
 mov $0, %al
 out %al, $0x40
 mov $4, %al
 out %al, $0x40
 mov $11, %al
 out %al, $0x70
 mov $0x42, %al
 out %al, $0x71
 mov $0x3fc, %edx
 mov $8, %al
 out %al, %dx
 mov $0x3f9, %edx
 mov $1, %al
 out %al, %dx
 sti
2: hlt
 incl count+4
 cmpl $300, count
 jb 2b
 out %al, $0xf4
tick:
 push %rax
 push %rdx
 incl count
 mov $12, %al
 out %al, $0x70
 in $0x71, %al
 mov $0x3f8, %edx
 in %dx, %al
 add %al, count+8
 mov $0x20, %al
 out %al, $0xa0
 out %al, $0x20
 pop %rdx
 pop %rax
 iretq
.balign 16
idt: .skip 0x300
idtr: .word 0x2ff
 .quad idt
.balign 8
count: .skip 16
`;

  const start = async () => {
    const made = await guest(ticking);
    made.machine.serialInput(Uint8Array.of(5, 6, 7));
    return made.machine;
  };

  it('runs the same in one stretch, in single steps, and from a snapshot in the middle', async () => {
    const whole = await start();
    const end = runToEnd(whole, 1_000_000);
    expect(end.kind).toBe('debugExit');
    expect([...whole.interrupts]).toEqual([
      [0x20, expect.any(Number)],
      [0x24, expect.any(Number)],
      [0x28, expect.any(Number)],
    ]);
    const stepped = await start();
    let exit = stepped.run(1);
    while (exit.kind === 'budget') exit = stepped.run(1);
    expect([stepped.steps, stepped.stateHash()]).toEqual([whole.steps, whole.stateHash()]);

    const again = await start();
    again.run(whole.steps >> 1);
    const middle = again.snapshot();
    const hash = again.stateHash();
    runToEnd(again, 1_000_000);
    expect(again.stateHash()).toBe(whole.stateHash());
    again.restore(middle);
    expect(again.stateHash()).toBe(hash);
    runToEnd(again, 1_000_000);
    expect([again.steps, again.stateHash()]).toEqual([whole.steps, whole.stateHash()]);
  });
});
