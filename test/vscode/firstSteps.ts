import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { play, type Stage, screenshots, type Theme } from './scenario.ts';

/** What a newcomer meets before the first session: the walkthrough, a sample, hovers, and what is said when F5 cannot start. */
export function firstSteps(theme: Theme): Promise<void> {
  return play('first-steps', theme, steps, { empty: true });
}

async function steps({ workbench: w, workspace, write, shot }: Stage): Promise<void> {
  const { page } = w;
  const configuration = { type: 'shadowstep', request: 'launch', name: 'nothing' };
  write('.vscode/launch.json', JSON.stringify({ version: '0.2.0', configurations: [configuration] }));
  await w.command('Welcome: Open Walkthrough...');
  await w.pick('First ten minutes with Shadowstep');
  const titles = page.locator('.getting-started-step .step-title');
  await w.until(
    'the steps',
    () => titles.allTextContents(),
    (found) => found.length === 7,
  );
  const media = page.frameLocator('.getting-started-media-container iframe, iframe.webview.ready').first();
  const text = media.frameLocator('#active-frame').locator('body');
  await w.until(
    'the page',
    () => w.text(text),
    (words) => words.includes('Four guests that ship'),
  );
  await shot('walkthrough');

  // The step's own button opens the sample; it is copied into the workspace.
  await page
    .locator('.getting-started-step .button-link, .getting-started-step .monaco-button', { hasText: 'Open a Sample' })
    .first()
    .click();
  await w.pick('Into guests');
  const source = 'supervisor-shadow-stack.s';
  await page.locator(`.tab.active[aria-label^="${source}"]`).waitFor();
  await w.until('the copy', async () => existsSync(join(workspace, 'supervisor-shadow-stack', source)), Boolean);

  await w.goToLine(69);
  await page
    .locator('.editor-instance .view-line span', { hasText: /^setssbsy$/ })
    .first()
    .hover();
  const hover = page.locator('.monaco-hover:visible').first();
  await w.until(
    'the hover',
    () => w.text(hover),
    (words) => words.includes('Loads SSP from IA32_PL0_SSP'),
  );
  await page.screenshot({ path: join(screenshots, 'hover.png') });

  await w.command('Shadowstep: Open Sample…');
  await w.until(
    'the list',
    () => page.locator('.quick-input-list .monaco-list-row').allInnerTexts(),
    (rows) => rows.length === 4,
  );
  await shot('samples');
  await w.press('Escape');

  await w.command('Debug: Select and Start Debugging');
  await w.pick('nothing');
  const dialog = page.locator('.monaco-dialog-box');
  await w.until(
    'why not',
    () => w.text(dialog),
    (words) => words.includes('The launch configuration "nothing" names no program'),
  );
  await shot('no-program');
  await w.press('Escape');
}

/** Restricted Mode: a source of unknown origin can be read with everything but a session. */
export function restrictedMode(theme: Theme): Promise<void> {
  return play(
    'restricted',
    theme,
    async ({ workbench: w, shot }) => {
      const { page } = w;
      await page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).first().waitFor();
      await w.openFile('hello', 'hello.s');
      const crumbs = page.locator('.breadcrumbs-control');
      await w.goToLine(14);
      await w.until(
        'the outline',
        () => w.text(crumbs),
        (words) => words.includes('_start'),
      );
      await shot('restricted');
    },
    { asksForTrust: true },
  );
}
