import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Locator } from 'playwright-core';
import { openBrowser } from './browser.ts';
import { root } from './install.ts';
import { startServer, workbenchUrl } from './server.ts';
import { Workbench } from './workbench.ts';

export const dist = join(root, 'dist');
export const vsix = join(dist, 'shadowstep.vsix');
export const screenshots = join(dist, 'screenshots');

export const themes = { dark: 'Default Dark Modern', light: 'Default Light Modern' } as const;
export type Theme = keyof typeof themes;

/** With `--pictures`, the pictures of the walkthrough and of the README are taken again. */
const takesPictures = process.argv.includes('--pictures');
const pictures = {
  walkthrough: join(root, 'extension/media/walkthrough'),
  readme: join(root, 'extension/media/readme'),
};

export interface Stage {
  readonly workbench: Workbench;
  /** The folder that is open. */
  readonly workspace: string;
  /** Writes a file into the workspace. */
  write(path: string, text: string): void;
  /** Keeps what is on the screen as dist/screenshots/NAME.png. */
  shot(name: string): Promise<void>;
  /** Keeps a part of the screen as NAME-THEME.png, when pictures are asked for. */
  picture(use: keyof typeof pictures, name: string, part: Locator): Promise<void>;
}

/**
 * Plays a scenario in a fresh workbench with the packaged extension installed and a copy of the samples (or an empty
 * folder) open. A failure leaves a picture of the screen.
 */
export async function play(
  name: string,
  theme: Theme,
  scenario: (stage: Stage) => Promise<void>,
  options: { readonly empty?: boolean; readonly asksForTrust?: boolean } = {},
): Promise<void> {
  const workspace = join(mkdtempSync(join(tmpdir(), 'ws-')), 'guests');
  if (options.empty) mkdirSync(workspace);
  else cpSync(join(root, 'extension/samples'), workspace, { recursive: true });
  mkdirSync(screenshots, { recursive: true });
  const settings = {
    'workbench.colorTheme': themes[theme],
    'window.autoDetectColorScheme': false,
    'debug.toolBarLocation': 'docked',
    'editor.minimap.enabled': false,
    'editor.stickyScroll.enabled': false,
    ...(options.asksForTrust && { 'security.workspace.trust.enabled': true }),
  };
  const server = await startServer({ vsix, settings, asksForTrust: options.asksForTrust ?? false });
  const browser = await openBrowser(takesPictures ? 2 : 1);
  const workbench = new Workbench(browser.page);
  const shot = async (picture: string): Promise<void> => {
    await browser.page.mouse.move(700, 880); // Off the rows, so that no hover is in the picture.
    await browser.page.waitForTimeout(500); // Rows get their colors a moment after their text.
    await browser.page.screenshot({ path: join(screenshots, `${picture}.png`) });
  };
  const picture: Stage['picture'] = async (use, picture, part) => {
    if (!takesPictures) return;
    mkdirSync(pictures[use], { recursive: true });
    await part.screenshot({ path: join(pictures[use], `${picture}-${theme}.png`) });
  };
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(workspace, path)), { recursive: true });
    writeFileSync(join(workspace, path), text);
  };
  try {
    await workbench.open(workbenchUrl(server, { folder: workspace }));
    await scenario({ workbench, workspace, write, shot, picture });
  } catch (error) {
    await shot(`failed-${name}-${theme}`).catch(() => undefined);
    throw error;
  } finally {
    await browser.close();
    await server.stop();
    rmSync(dirname(workspace), { recursive: true, force: true, maxRetries: 5 });
  }
}
