import assert from 'node:assert/strict';
import { startFakeAdapter } from './fakeAdapter.ts';
import { play, type Stage, type Theme } from './scenario.ts';
import type { Workbench } from './workbench.ts';

/**
 * The two views on their own, fed by an adapter whose answers are known: states, paging, marks, editing, refusals.
 */
export async function views(theme: Theme): Promise<void> {
  const adapter = await startFakeAdapter();
  try {
    await play('views', theme, async (stage) => {
      const { workbench: w, workspace, write } = stage;
      const program = `${workspace}/fake/guest.s`;
      write('fake/guest.s', Array.from({ length: 20 }, (_, i) => `label_${i + 1}: nop`).join('\n'));
      const base = { type: 'shadowstep', request: 'launch', program, debugServer: adapter.port };
      const configurations = [
        { ...base, name: 'plain', entries: 150 },
        { ...base, name: 'wrong', entries: 5, mismatch: 0 },
        {
          ...base,
          name: 'off',
          off: 'Shadow stacks are off: CR4.CET is 0.',
          noCet: 'The processor profile has no CET.',
        },
      ];
      write('.vscode/launch.json', JSON.stringify({ version: '0.2.0', configurations }, undefined, 2));
      await w.openFile('fake', 'guest.s');
      await openViews(w);
      await noSession(stage, theme);
      await plain(stage, theme);
      await wrong(stage, theme);
      await off(stage, theme);
    });
  } finally {
    adapter.stop();
  }
}

async function openViews(w: Workbench): Promise<void> {
  await w.press('Control+Shift+D');
  for (const title of ['Shadow Stack', 'CET']) await w.expand(title);
  for (const title of ['Watch', 'Breakpoints', 'Call Stack']) await w.expand(title, false);
}

async function noSession({ workbench: w, shot }: Stage, theme: Theme): Promise<void> {
  await w.until(
    'the empty view',
    () => w.welcome('Shadow Stack'),
    (text) => text.startsWith('No guest is being debugged.'),
  );
  await w.until(
    'the empty view',
    () => w.welcome('CET'),
    (text) => text.startsWith('No guest is being debugged.'),
  );
  await shot(`views-empty-${theme}`);
}

async function start(w: Workbench, configuration: string): Promise<void> {
  await w.command('Debug: Select and Start Debugging');
  await w.pick(configuration);
  await w.until(
    'the first stop',
    () => w.stoppedLine(),
    (line) => line === 1,
  );
}

async function stop(w: Workbench): Promise<void> {
  await w.press('Shift+F5');
  await w.until(
    'the end',
    () => w.welcome('CET'),
    (text) => text.startsWith('No guest'),
  );
}

const stackRows = (w: Workbench) => () => w.rows('Shadow Stack');
const cetRows = (w: Workbench) => () => w.rows('CET');

async function plain({ workbench: w, shot }: Stage, theme: Theme): Promise<void> {
  await start(w, 'plain');
  await w.until('the entries', stackRows(w), (rows) => rows[0] === '0x7b50  call_150+0x5 | 0x100096 · guest.s:150');
  await w.until('CET', cetRows(w), (rows) => rows[2] === 'IA32_S_CET | 0x5  SH_STK_EN  ENDBR_EN');

  // A step pushes one entry, which is marked; the rest is not.
  await w.press('F10');
  await w.until(
    'the pushed entry',
    stackRows(w),
    (rows) => rows[0]?.startsWith('0x7b48  call_151+0x5 | 0x100097') === true,
  );
  await w.until(
    'its mark',
    () => w.colorOf('Shadow Stack', '0x7b48'),
    (mark) => mark !== '',
  );
  const plainColor = await w.colorOf('Shadow Stack', '0x7b50');
  await w.until(
    'its color',
    () => w.colorOf('Shadow Stack', '0x7b48'),
    (color) => color !== plainColor,
  );

  // Editing: the adapter's refusal is shown and the input stays; a value it takes is shown in the row.
  await w.inline('Shadow Stack', '0x7b50', 'Set Value…');
  await w.type('nonsense');
  await w.until(
    'the refusal',
    () => w.inputMessage(),
    (text) => text.includes('"nonsense" is no value: a number is expected.'),
  );
  await shot(`views-refused-${theme}`);
  await w.type('0x4242');
  await w.until('the new value', stackRows(w), (rows) => rows[1]?.startsWith('0x7b50  call_150+0x5 | 0x4242') === true);

  // The same from the keyboard.
  await w.focusTree('Shadow Stack');
  await w.press('Home', 'ArrowDown', 'Enter', 'F2');
  await w.type('0x4343');
  await w.until(
    'the value set by keyboard',
    stackRows(w),
    (rows) => rows[1]?.startsWith('0x7b50  call_150+0x5 | 0x4343') === true,
  );

  // A bit, flipped; the register and the words follow.
  await w.row('CET', 'IA32_S_CET').locator('.monaco-tl-twistie').click();
  await w.until('the bits', cetRows(w), (rows) => rows[3] === 'SH_STK_EN | 1  enabled');
  await w.inline('CET', 'WR_SHSTK_EN', 'Flip Bit');
  await w.until('the register', cetRows(w), (rows) => rows[2] === 'IA32_S_CET | 0x7  SH_STK_EN  WR_SHSTK_EN  ENDBR_EN');
  await w.inline('CET', 'IA32_S_CET', 'Set Value…');
  await w.type('0');
  await w.until('the words', cetRows(w), (rows) => rows[0] === 'Shadow stack | off at CPL 0');
  for (const row of ['Shadow stack', 'SH_STK_EN']) {
    await w.until(
      `the mark of ${row}`,
      () => w.colorOf('CET', row),
      (color) => color !== plainColor,
    );
  }
  await shot(`views-full-${theme}`);

  // Click: to the entry's source.
  await w.row('Shadow Stack', '0x7b48').click();

  // The last row reads more.
  await w.focusTree('Shadow Stack');
  await w.press('End');
  await w.row('Shadow Stack', 'Show 64 more').click();
  await w.until(
    'the second page',
    () => w.rowCount('Shadow Stack'),
    (count) => count === 129,
  );

  // Running: the views say so.
  await w.press('F5');
  await w.until(
    'running',
    () => w.welcome('Shadow Stack'),
    (text) => text.startsWith('The guest is running.'),
  );
  await shot(`views-running-${theme}`);
  await w.press('F6');
  await w.until('paused', stackRows(w), (rows) => rows.length > 2);
  await stop(w);
}

async function wrong({ workbench: w, shot }: Stage, theme: Theme): Promise<void> {
  await start(w, 'wrong');
  await w.until(
    'the mismatch',
    stackRows(w),
    (rows) => rows[0]?.startsWith('0x7fd8  call_5+0x5 | ≠ 0xbad0 on the stack') === true,
  );
  assert.match(await w.message('Shadow Stack'), /^RET here raises #CP\(NEAR-RET\)/);
  assert.equal(await w.row('Shadow Stack', '0x7fd8').locator('.codicon-error').count(), 1);
  await shot(`views-mismatch-${theme}`);
  await stop(w);
}

async function off({ workbench: w, shot }: Stage, theme: Theme): Promise<void> {
  await start(w, 'off');
  await w.until(
    'the reason',
    () => w.message('Shadow Stack'),
    (text) => text === 'Shadow stacks are off: CR4.CET is 0.',
  );
  await w.until(
    'the reason',
    () => w.message('CET'),
    (text) => text === 'The processor profile has no CET.',
  );
  await shot(`views-off-${theme}`);
  await stop(w);
}
