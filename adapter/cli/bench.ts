import { hostMilliseconds } from '../../emulator/debug/schedule.ts';
import { loadGuest } from '../../emulator/loaders/load.ts';
import { nodeHost } from '../node/host.ts';
import { assemble } from '../program/assembler/index.ts';
import { UsageError } from './options.ts';

/** Small loops of what guests do most; they never end, the bench takes what it needs of them. */
const LOOPS: Readonly<Record<string, string>> = {
  'integer loop':
    '_start: xor %eax, %eax\n1: add $3, %rax\n imul $5, %rax, %rdx\n xor %rdx, %rcx\n shr $7, %rcx\n dec %rsi\n jmp 1b\n',
  'memory loop':
    '_start: mov $0x200000, %rbx\n1: mov (%rbx), %rax\n add $1, %rax\n mov %rax, (%rbx)\n add $64, %rbx\n and $0x3fffff, %ebx\n or $0x200000, %ebx\n jmp 1b\n',
  'call and return': '_start: call 2f\n jmp _start\n2: push %rbp\n mov %rsp, %rbp\n pop %rbp\n ret\n',
};
const MILLISECONDS = 1000;
const CHUNK_STEPS = 0x10_0000;

/** `shadowstep bench`: how many million steps a second this host reaches. */
export async function bench(args: readonly string[]): Promise<number> {
  if (args.length > 0) throw new UsageError(`${args[0]} was not expected; bench takes no arguments.`);
  for (const [name, source] of Object.entries(LOOPS)) {
    const reader = { read: async () => new TextEncoder().encode(source) };
    const { image, diagnostics } = await assemble('bench.s', {}, reader);
    if (image === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
    const machine = await nodeHost.createMachine({ cpu: 'tigerlake', memoryBytes: 16 * 2 ** 20 });
    loadGuest(machine, image, 'long64');
    machine.run(CHUNK_STEPS);
    const [startSteps, started] = [machine.steps, hostMilliseconds()];
    while (hostMilliseconds() - started < MILLISECONDS) {
      const exit = machine.run(CHUNK_STEPS);
      if (exit.kind !== 'budget') throw new Error(`The ${name} ended with ${exit.kind}.`);
    }
    const rate = (machine.steps - startSteps) / (hostMilliseconds() - started) / 1000;
    console.log(`${name.padEnd(18)}${rate.toFixed(1).padStart(8)} million steps a second`);
  }
  return 0;
}
