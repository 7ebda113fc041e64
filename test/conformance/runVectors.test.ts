import { describe, expect, it } from 'vitest';
import { readVectorFile } from './node.ts';
import { type Answer, ReplayMachine } from './replayMachine.ts';
import { runVectors, summarize } from './runVectors.ts';
import { Flag } from './undefinedFlags.ts';
import type { Vector } from './vectors.ts';

/** The vectors of one Code and shape without variant, taken from the committed 64-bit integer file. */
function vectorsOf(codeName: string, shape = 'register'): Vector[] {
  const found: Vector[] = [];
  for (const vector of readVectorFile('integer64'))
    if (vector.codeName === codeName && vector.shape === shape && vector.variant === '') found.push(vector);
  return found;
}

const add = vectorsOf('Add_rm32_r32', 'memory');
const shift = vectorsOf('Shl_rm32_CL');
const divide = vectorsOf('Div_rm64');

function failuresOf(vectors: readonly Vector[], spoil: (answer: Answer, vector: Vector) => void): string[] {
  return runVectors(vectors, new ReplayMachine(spoil), { keep: 1000, keepPerGroup: 1000 }).failures.map((f) => f.text);
}

describe('runner of vectors', () => {
  it('passes a machine that answers as recorded', () => {
    const machine = new ReplayMachine();
    const result = runVectors([...add, ...shift, ...divide], machine);
    expect(result.ran).toBe(add.length + shift.length + divide.length);
    expect(result.failed).toBe(0);
    expect(machine.resets).toEqual([64]);
  });

  it('catches one wrong register', () => {
    const texts = failuresOf(add, ({ cpu }, { index }) => {
      if (index === 5) cpu.gpr[9] = cpu.gpr[9]! ^ 1n;
    });
    expect(texts).toHaveLength(1);
    expect(texts[0]).toMatch(/^Add_rm32_r32 64-bit memory #5: /);
    expect(texts[0]).toMatch(/r9: expected 0x[0-9a-f]+, got 0x[0-9a-f]+/);
  });

  it('catches each wrong flag and names it', () => {
    for (const name of ['CF', 'PF', 'AF', 'ZF', 'SF', 'DF', 'OF'] as const) {
      const texts = failuresOf(add.slice(0, 4), ({ cpu }) => {
        cpu.rflags ^= Flag[name];
      });
      expect(texts).toHaveLength(4);
      expect(texts[0]).toMatch(new RegExp(`rflags: ${name} is [01], expected [01]`));
    }
  });

  it('leaves undefined flags out, and only them', () => {
    const wide = shift.filter((v) => (v.before.gpr[1]! & 31n) > 1n);
    expect(wide.length).toBeGreaterThan(10);
    expect(
      failuresOf(wide, ({ cpu }) => {
        cpu.rflags ^= Flag.OF | Flag.AF;
      }),
    ).toEqual([]);
    expect(
      failuresOf(wide, ({ cpu }) => {
        cpu.rflags ^= Flag.SF;
      }),
    ).toHaveLength(wide.length);
    const none = shift.filter((v) => (v.before.gpr[1]! & 31n) === 0n);
    expect(none.length).toBeGreaterThan(0);
    expect(
      failuresOf(none, ({ cpu }) => {
        cpu.rflags ^= Flag.AF;
      }),
    ).toHaveLength(none.length);
  });

  it('catches one wrong byte anywhere in a window', () => {
    for (const at of [0, 4095, 4096, 8191]) {
      const inData = failuresOf(add.slice(0, 1), ({ data }) => {
        data[at] = data[at]! ^ 0x80;
      });
      expect(inData[0]).toContain(
        `data window, 1 bytes differ (address: expected→got): ${(0x3000_0000 + at).toString(16)}:`,
      );
      const inStack = failuresOf(add.slice(0, 1), ({ stack }) => {
        stack[at] = stack[at]! ^ 1;
      });
      expect(inStack[0]).toContain(
        `stack window, 1 bytes differ (address: expected→got): ${(0x3100_0000 + at).toString(16)}:`,
      );
    }
  });

  it('catches a missing, an unexpected and a different fault', () => {
    const faulting = divide.filter((v) => v.fault !== undefined);
    const dividing = divide.filter((v) => v.fault === undefined);
    expect(faulting.length).toBeGreaterThan(0);
    expect(dividing.length).toBeGreaterThan(0);
    expect(
      failuresOf(faulting, (answer) => {
        answer.fault = undefined;
      })[0],
    ).toContain('expected #DE, got no fault');
    expect(
      failuresOf(dividing, (answer) => {
        answer.fault = 0;
      })[0],
    ).toContain('expected no fault, got #DE');
    expect(
      failuresOf(faulting, (answer) => {
        answer.fault = 13;
      })[0],
    ).toContain('expected #DE, got #GP');
  });

  it('catches a wrong RIP, MXCSR and XMM byte', () => {
    expect(
      failuresOf(add.slice(0, 1), ({ cpu }) => {
        cpu.rip += 1n;
      })[0],
    ).toContain('rip: expected');
    expect(
      failuresOf(add.slice(0, 1), ({ cpu }) => {
        cpu.mxcsr ^= 1;
      })[0],
    ).toContain('mxcsr: expected');
    expect(
      failuresOf(add.slice(0, 1), ({ cpu }) => {
        cpu.xmm[255] = cpu.xmm[255]! ^ 1;
      })[0],
    ).toContain('xmm15: expected');
  });

  it('summarizes failures by group and skips what is not selected', () => {
    const spoil = ({ cpu }: Answer) => {
      cpu.gpr[0] = cpu.gpr[0]! + 1n;
    };
    const result = runVectors(add, new ReplayMachine(spoil), { select: ({ index }) => index < 3, keepPerGroup: 1 });
    expect(result).toMatchObject({ ran: 3, failed: 3, skipped: add.length - 3 });
    expect(summarize(result)).toContain('Add_rm32_r32 64-bit memory: 3');
  });
});
