import { describe, expect, it } from 'vitest';
import { readRunOptions } from '../../../adapter/cli/options.ts';

describe('shadowstep run', () => {
  it('has defaults for everything but the guest', () => {
    expect(readRunOptions(['g.s'])).toEqual({
      ...{ guest: 'g.s', append: '', cpu: 'tigerlake', memoryBytes: 128 * 2 ** 20, maxSteps: Number.POSITIVE_INFINITY },
      ...{
        features: {},
        cpuid: {},
        msrs: {},
        seed: 0,
        include: [],
        defines: {},
        modules: [],
        cpus: 1,
        machine: 'bare',
      },
      timeout: Number.POSITIVE_INFINITY,
    });
  });

  it('reads options before and after the guest, with = or as the next argument', () => {
    const options = readRunOptions([
      ...['--cpu=sapphirerapids', 'g.elf', '--append', 'a b', '--memory', '64', '--start', 'protected32'],
      ...[
        '--feature',
        '-CET_IBT',
        '--feature=+LA57',
        '--include',
        'a',
        '--include',
        'b',
        '--define',
        'X',
        '--define=Y=2',
      ],
      ...['--module', 'm', '--max-steps', '1000', '--json=out.json'],
      ...['--cpuid', '7.0.ebx=+0x100-8', '--msr=0x3a=5', '--seed', '7'],
      ...['--features', '-SMAP,+PKU', '--cpus', '4', '--initrd', 'env', '--machine=bare', '--timeout', '1.5'],
    ]);
    expect(options).toEqual({
      ...{ guest: 'g.elf', append: 'a b', cpu: 'sapphirerapids', memoryBytes: 64 * 2 ** 20, start: 'protected32' },
      ...{
        features: { SMAP: false, PKU: true, CET_IBT: false, LA57: true },
        include: ['a', 'b'],
        defines: { X: '1', Y: '2' },
        modules: ['env', 'm'],
      },
      ...{ cpuid: { '7.0.ebx': { set: '0x100', clear: '8' } }, msrs: { '0x3a': '5' }, seed: 7 },
      ...{ cpus: 4, machine: 'bare', timeout: 1.5 },
      ...{ maxSteps: 1000, json: { file: 'out.json' } },
    });
  });

  it.each<[string[], RegExp]>([
    [[], /^The guest is missing/],
    [['a.s', 'b.s'], /^b\.s is a second guest/],
    [['a.s', '--fast'], /^--fast is not an option; one of --append/],
    [['a.s', '--cpu'], /^--cpu needs a value\.$/],
    [['a.s', '--memory', 'lots'], /^--memory is lots; a size such as 128M/],
    [
      ['a.s', '--start', 'uefi'],
      /^--start is uefi; one of multiboot, long64, protected32, real16, linux, linux64 is exp/,
    ],
    [['a.s', '--cpus', '0'], /^--cpus is 0; a whole number from 1 to 8 is expected\.$/],
    [['a.s', '--machine', 'q35'], /^--machine is q35; bare is expected\.$/],
    [['a.s', '--features', 'PKU'], /^--features has 'PKU'; \+NAME or -NAME/],
    [['a.s', '--timeout', 'soon'], /^--timeout is soon; a number of seconds above 0/],
    [['a.s', '--cpuid', 'ebx'], /^--cpuid is ebx; LEAF\.SUBLEAF\.REGISTER=/],
    [['a.s', '--cpuid', 'ebx=+1'], /^cpuid\.ebx: a leaf/],
    [['a.s', '--msr', '0x3a'], /^--msr is 0x3a; NUMBER=VALUE is expected\.$/],
    [['a.s', '--seed', '-1'], /^--seed is -1; a whole number/],
    [['a.s', '--max-steps', '0'], /^--max-steps is 0; a whole number above 0/],
  ])('%j is refused in one sentence', (args, sentence) => {
    expect(() => readRunOptions(args)).toThrow(sentence);
  });
});
