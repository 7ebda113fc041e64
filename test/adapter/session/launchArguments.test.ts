import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLaunchArguments, readMemorySize } from '../../../adapter/session/launchArguments.ts';
import { RequestError } from '../../../adapter/session/requestError.ts';

const message = (value: unknown): string => {
  try {
    readLaunchArguments(value);
  } catch (error) {
    if (error instanceof RequestError) return error.message;
    throw error;
  }
  return '';
};

describe('launch arguments', () => {
  it('fills in defaults and ignores what VS Code adds', () => {
    expect(readLaunchArguments({ program: '/g.s', type: 'shadowstep', __sessionId: 'x' })).toEqual({
      ...{ program: '/g.s', cpu: 'tigerlake', features: {}, memoryBytes: 128 * 2 ** 20, stopOnEntry: false },
      ...{ cpuid: {}, msrs: {}, seed: 0 },
      ...{ append: '', cpus: 1, machine: 'bare', include: [], defines: {}, disassemblySyntax: 'att', noDebug: false },
    });
  });

  it.each<[object, string]>([
    [{}, 'program is missing; the path of a .s, .S or .asm source, of an ELF file or of a Linux kernel is expected.'],
    [
      { program: 5 },
      'program is 5; the path of a .s, .S or .asm source, of an ELF file or of a Linux kernel is expected.',
    ],
    [
      { program: 'g.s', start: 'uefi' },
      'start is "uefi"; one of multiboot, long64, protected32, real16, linux, linux64 is expected.',
    ],
    [{ program: 'g.s', cpus: 9 }, 'cpus is 9; a whole number from 1 to 8 is expected.'],
    [{ program: 'g.s', machine: 'kvm' }, 'machine is "kvm"; bare is expected.'],
    [{ program: 'g.s', initrd: 1 }, 'initrd is 1; the path of a file is expected.'],
    [{ program: 'g.s', stopOnEntry: 'yes' }, 'stopOnEntry is "yes"; true or false is expected.'],
    [
      { program: 'g.s', features: { CET_SS: 1 } },
      'features is {"CET_SS":1}; an object from CPUID feature names to true or false is expected.',
    ],
    [{ program: 'g.s', include: 'lib' }, 'include is "lib"; an array of folder paths is expected.'],
  ])('%j', (value, sentence) => {
    expect(message(value)).toBe(sentence);
  });

  it('names every wrong field, one sentence each', () => {
    const lines = message({ program: 'g.s', cpu: 1, memory: 'much', defines: [] }).split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['cpu', 'memory', 'defines']);
  });

  it('turns defines into text as -D does', () => {
    expect(readLaunchArguments({ program: 'g.s', defines: { A: 1, B: true, C: false, D: 'x' } }).defines).toEqual({
      ...{ A: '1', B: '1', D: 'x' },
    });
  });

  it.each<[unknown, number | undefined]>([
    ['128M', 128 * 2 ** 20],
    ['1.5G', 1536 * 2 ** 20],
    ['2048K', 2 * 2 ** 20],
    [64, 64 * 2 ** 20],
    [3, 4 * 2 ** 20],
    ['4G', undefined],
    ['0M', undefined],
    ['', undefined],
    [Number.NaN, undefined],
    [-1, undefined],
    [null, undefined],
  ])('memory %j', (value, bytes) => {
    expect(readMemorySize(value)).toBe(bytes);
  });

  it('answers anything at all with a sentence or with arguments', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void message(value)));
    const record = fc.record({ program: fc.jsonValue(), memory: fc.jsonValue(), features: fc.jsonValue() });
    fc.assert(fc.property(record, (value) => void message(value)));
  });
});
