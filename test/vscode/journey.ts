import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './install.ts';
import { play, type Stage, type Theme } from './scenario.ts';

/** The 1-based line on which a sample's source holds the text. */
function lineOf(sample: string, text: RegExp): number {
  const source = readFileSync(join(root, `extension/samples/${sample}/${sample}.s`), 'utf8');
  const index = source.split('\n').findIndex((line) => text.test(line));
  assert(index >= 0, `${sample}.s has no line ${text}`);
  return index + 1;
}

/**
 * A person's first ten minutes, with the real adapter: a sample, a breakpoint in the gutter, F5, steps to a RET whose
 * return address was overwritten, the mismatch before it executes, and why #CP came.
 */
export function smashedReturn(theme: Theme): Promise<void> {
  return play('smashed-return', theme, async (stage) => {
    const { workbench: w, shot, picture } = stage;
    const sample = 'supervisor-shadow-stack';
    const call = lineOf(sample, /^\s+call victim/);
    const victim = lineOf(sample, /^victim:/) + 1;
    const ret = lineOf(sample, /^smashed_return:/) + 1;

    await w.openFile(sample, `${sample}.s`);
    await w.toggleBreakpoint(call);
    await ready(stage);
    await shot(`journey-1-breakpoint-${theme}`);
    await w.focusEditor();
    await w.press('F5');
    await w.until(
      'the breakpoint',
      () => w.stoppedLine(),
      (line) => line === call,
    );
    await w.until(
      'the base token',
      () => w.rows('Shadow Stack'),
      (rows) => /supervisor token, busy/.test(rows[0] ?? ''),
    );
    await makeRoom(stage);
    const cet = await w.until(
      'the CET state',
      () => w.rows('CET'),
      (rows) => rows.length > 5,
    );
    assert.match(cet[0] ?? '', /^Shadow stack \| on/);
    assert(
      cet.some((row) => /^IA32_S_CET \| 0x1 {2}SH_STK_EN$/.test(row)),
      cet.join('\n'),
    );
    await shot(`journey-2-stopped-${theme}`);

    await w.press('F11');
    await w.until(
      'the callee',
      () => w.stoppedLine(),
      (line) => line === victim,
    );
    await w.until(
      'the pushed entry',
      () => w.rows('Shadow Stack'),
      (rows) => / {2}not_reached \| /.test(rows[0] ?? ''),
    );
    assert.equal(await w.message('Shadow Stack').catch(() => ''), '');

    for (const line of [victim + 1, ret]) {
      await w.press('F10');
      await w.until(
        'a step',
        () => w.stoppedLine(),
        (now) => now === line,
      );
    }
    await w.until(
      'the mismatch',
      () => w.rows('Shadow Stack'),
      (rows) => / {2}not_reached \| ≠ 0x/.test(rows[0] ?? ''),
    );
    assert.match(await w.message('Shadow Stack'), /^RET here raises #CP\(NEAR-RET\)/);
    await shot(`journey-3-mismatch-${theme}`);
    await picture('walkthrough', 'shadowStack', w.pane('Shadow Stack'));
    await w.row('CET', 'IA32_S_CET').locator('.monaco-tl-twistie').click();
    await w.until(
      'the bits',
      () => w.rows('CET'),
      (rows) => rows.includes('SH_STK_EN | 1  enabled'),
    );
    await shot(`journey-cet-${theme}`);
    await picture('walkthrough', 'cet', w.pane('CET'));

    await explainTranslation(stage, theme);
    const rsp = await w.hoverValue(victim + 1, 'rsp');
    assert.match(rsp, /0x[0-9a-f]+/);
    await w.page
      .locator('.debug-toolbar, .part.sidebar')
      .locator('.action-label[aria-label^="Open Disassembly"]')
      .first()
      .click();
    await w.until(
      'the RET in the disassembly',
      () => w.disassembled(),
      (line) => /ret/.test(line),
    );
    await shot(`journey-disassembly-${theme}`);
    await w.press('Control+w');

    await w.press('F10');
    const text = await w.until(
      'the exception widget',
      () => w.exception(),
      (words) => words.includes('#CP'),
    );
    assert.match(text, /NEAR-RET/);
    assert.match(text, /not_reached/);
    assert.match(text, /attacker/);
    await shot(`journey-4-exception-${theme}`);
    await picture('walkthrough', 'exception', w.page.locator('.part.editor'));
    await picture('readme', 'workbench', w.page.locator('.monaco-workbench'));

    await w.press('F5');
    await w.until(
      'the end',
      () => w.welcome('CET'),
      (words) => words.startsWith('No guest'),
    );
    await w.until(
      'the guest’s own words',
      () => w.console(),
      (words) => words.includes('#CP, error code 0x0000000000000001'),
    );
    await shot(`journey-5-ended-${theme}`);
    assert.deepEqual(await w.toasts(), []);
  });
}

/** From an address to RAM, entry by entry, on a page beside the source. */
async function explainTranslation({ workbench: w, shot }: Stage, theme: Theme): Promise<void> {
  await w.command('Shadowstep: Explain Translation');
  await w.type('$ssp');
  await w.until(
    'the explanation',
    () => w.editorText('Translation of 0x'),
    (text) => /PML4E at 0x[0-9a-f]+ =/.test(text) && /=> Linear 0x[0-9a-f]+ is physical/.test(text),
  );
  await shot(`journey-translation-${theme}`);
  await w.press('Control+w');
}

/** User mode: an indirect jump misses its ENDBR64; the tracker is seen waiting, and a register is read by hovering. */
export function missedEndbranch(theme: Theme): Promise<void> {
  return play('missed-endbranch', theme, async (stage) => {
    const { workbench: w, shot } = stage;
    await w.openFile('user-ibt', 'user-ibt.s');
    await ready(stage);
    await w.page.locator('.editor-actions .action-label[aria-label^="Debug This Guest"]').first().click();
    await w.until(
      'the entry',
      () => w.stoppedLine(),
      (line) => line > 1,
    );
    await makeRoom(stage);
    await w.press('F5');
    const text = await w.until(
      'the exception widget',
      () => w.exception(),
      (words) => words.includes('#CP'),
    );
    assert.match(text, /ENDBRANCH/);
    const cet = await w.until(
      'the tracker',
      () => w.rows('CET'),
      (rows) => /WAIT_FOR_ENDBRANCH/.test(rows[1] ?? ''),
    );
    assert(
      cet.some((row) => /^IA32_U_CET \| .*ENDBR_EN {2}TRACKER/.test(row)),
      cet.join('\n'),
    );
    await shot(`journey-ibt-${theme}`);
    assert.deepEqual(await w.toasts(), []);
    await w.press('Shift+F5');
    await w.until(
      'the end',
      () => w.welcome('CET'),
      (words) => words.startsWith('No guest'),
    );
  });
}

/** Opens the views; what they say when empty proves that the extension is active, and hence its debug type known. */
async function ready({ workbench: w }: Stage): Promise<void> {
  await w.press('Control+Shift+D');
  for (const title of ['Shadow Stack', 'CET']) await w.expand(title);
  await w.until(
    'the extension',
    () => w.welcome('CET'),
    (text) => text.startsWith('No guest is being debugged.'),
  );
}

/** Makes room for the views; Variables and Watch are there only while a session is. */
async function makeRoom({ workbench: w }: Stage): Promise<void> {
  for (const title of ['Watch', 'Breakpoints', 'Call Stack']) await w.expand(title, false);
}
