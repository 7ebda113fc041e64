import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Page, chromium as playwright } from 'playwright-core';
import { chromium } from './install.ts';

export interface Browser {
  readonly page: Page;
  close(): Promise<void>;
}

/** A headless Chromium with a fresh profile; `scale` is how many pixels a point has. */
export async function openBrowser(scale = 1): Promise<Browser> {
  const base = mkdtempSync(join(tmpdir(), 'chr-'));
  const profile = join(base, 'p');
  mkdirSync(profile);
  const context = await playwright.launchPersistentContext(profile, {
    executablePath: chromium,
    headless: true,
    // Chromium leaves folders in both.
    env: { ...process.env, TMPDIR: base, HOME: base } as Record<string, string>,
    // The caller closes on signals, and its server with it.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    viewport: { width: 1440, height: 900 },
    deviceScaleFactor: scale,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
    ].concat(['--disable-component-update', '--disable-sync', '--disable-dev-shm-usage']),
  });
  const page = context.pages()[0] ?? (await context.newPage());
  return {
    page,
    async close() {
      await context.close();
      rmSync(base, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
