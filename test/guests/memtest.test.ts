import { describe, expect, it } from 'vitest';
import { Memtest, missingMemtest } from './memtest.ts';

const missing = missingMemtest();
const MEBIBYTE = 2 ** 20;

/** Its bit-fade test waits for minutes; the other nine make the pass. */
const BIT_FADE = 10;
const MOVING_INVERSIONS = 3;

describe.skipIf(missing !== undefined)(`memtest86+${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('shows its screen on the serial console and finishes a pass without an error', { timeout: 900_000 }, () => {
    const memtest = new Memtest({ image: 'x64', start: 'linux', memoryBytes: 8 * MEBIBYTE, cpus: 1 });
    memtest.console.waitFor('Memtest86+ v', 1000);
    memtest.console.waitFor('11th Gen Intel', 1000);
    memtest.selectTests({ without: BIT_FADE });
    memtest.finishPass(12_000);
    expect(memtest.counts()?.errors).toBe(0);
  });

  it.each([
    ['x64', 'linux64', 2],
    ['ia32', 'linux', 3],
  ] as const)(
    '%s by %s tests with %i processors, found in the ACPI tables',
    { timeout: 600_000 },
    (image, start, cpus) => {
      const memtest = new Memtest({ image, start, memoryBytes: 8 * MEBIBYTE, cpus });
      memtest.selectTests({ only: MOVING_INVERSIONS });
      memtest.finishPass(6000);
      expect(memtest.counts()?.errors).toBe(0);
      expect(memtest.console.output).toContain(`${cpus} Threads`);
    },
  );
});
