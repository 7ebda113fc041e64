import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bootLinux, busybox, missingLinux } from './linux.ts';
import { SerialConsole } from './serialConsole.ts';

const missing = missingLinux();

/** Both processors at work, floating point, and off. */
const SCRIPT = `
export PATH=/bin
busybox mount -t proc none /proc
busybox mknod /dev/null c 1 3
echo "processors: $(busybox grep -c ^processor /proc/cpuinfo)"
for job in 1 2 3 4; do busybox sha256sum /bin/busybox & done
wait
busybox awk 'BEGIN { for (x = 1; i < 9; i++) x = (x + 2 / x) / 2; printf "root: %.12f\\n", x }'
busybox poweroff -f`;

describe.skipIf(missing !== undefined)(`Linux${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('boots Debian’s kernel on two processors to user space, computes right and powers off', {
    timeout: 900_000,
  }, () => {
    const machine = bootLinux(SCRIPT, 2);
    const console = new SerialConsole(machine);
    console.waitFor('smp: Brought up 1 node, 2 CPUs', 3000);

    const snapshot = machine.snapshot();
    machine.run(20_000_000);
    const hash = machine.stateHash();
    machine.restore(snapshot);
    machine.run(20_000_000);
    expect(machine.stateHash()).toBe(hash);

    console.waitFor('processors: 2', 6000);
    console.waitFor('root: 1.414213562373', 2000);
    console.waitFor('reboot: Power down', 1000);
    const end = console.exit?.kind === 'budget' ? machine.run(100_000_000) : console.exit;
    expect(end).toMatchObject({ kind: 'poweredOff' });

    const sum = createHash('sha256').update(busybox()).digest('hex');
    expect(console.output.split(`${sum}  /bin/busybox`).length - 1).toBe(4);
    expect(console.output).not.toMatch(/WARNING|BUG|Oops|Call Trace|call trace|unchecked MSR/);
  });
});
