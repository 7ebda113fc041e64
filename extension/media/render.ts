/** Draws icon.png (the Marketplace takes no SVG) from icon.svg with Chromium: `tsx extension/media/render.ts`. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const at = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage({ viewport: { width: 128, height: 128 } });
await page.setContent(`<body style="margin:0">${readFileSync(at('icon.svg'), 'utf8')}</body>`);
await page.screenshot({ path: at('icon.png'), omitBackground: true });
await browser.close();
