import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './install.ts';
import { play, type Theme } from './scenario.ts';

const launch = {
  version: '0.2.0',
  configurations: [{ type: 'shadowstep', request: 'launch', name: 'Two processors', program: 'smp.s', cpus: 2 }],
};

/** A breakpoint in 16-bit code that only the second processor executes; its stack beside the first's, and its memory. */
export function secondProcessor(theme: Theme): Promise<void> {
  return play(
    'processors',
    theme,
    async ({ workbench: w, write, shot }) => {
      const source = readFileSync(join(root, 'test/dap/guests/smp.s'), 'utf8');
      const line = source.split('\n').indexOf('announced:') + 2;
      write('smp.s', source);
      write('.vscode/launch.json', JSON.stringify(launch));
      await w.openFile('smp.s');
      await w.toggleBreakpoint(line);
      await w.press('Control+Shift+D');
      await w.focusEditor();
      await w.press('F5');
      await w.until(
        'the breakpoint',
        () => w.stoppedLine(),
        (now) => now === line,
      );
      await w.expand('Call Stack');
      const stack = await w.until(
        'both processors',
        () => w.text(w.pane('Call Stack').locator('.monaco-list-rows')),
        (text) => /vCPU0: 64-bit.*vCPU1: real mode.*announce.*ap_start/.test(text),
      );
      assert.match(stack, /vCPU1: real mode/);
      await w.focusConsole();
      for (const words of ['translate 0x7c00:0x10', 'disassemble cs:ip']) await w.say(words);
      await w.until(
        'the answers',
        () => w.console(),
        (text) => /is physical 0x7c010/.test(text) && /pop %ax/.test(text),
      );
      await shot(`processors-${theme}`);
      assert.deepEqual(await w.toasts(), []);
      await w.press('Shift+F5');
    },
    { empty: true },
  );
}
