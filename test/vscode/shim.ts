/**
 * Runs what @vscode/test-electron asks of a VS Code executable in code-server and Chromium: loads the extension and the
 * tests from their folders, waits for the tests' end, and exits with their status; 124 after two minutes.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBrowser } from './browser.ts';
import { startServer, workbenchUrl } from './server.ts';

const limit = 120_000;

function option(name: string): string {
  const prefix = `--${name}=`;
  const found = process.argv.find((argument) => argument.startsWith(prefix));
  if (!found) throw new Error(`the argument ${prefix}… is missing`);
  return found.slice(prefix.length);
}

async function main(): Promise<number> {
  const folder = process.argv.slice(2).find((argument) => !argument.startsWith('-'));
  const scratch = mkdtempSync(join(tmpdir(), 'xt-'));
  const workspace = join(scratch, 'ws');
  if (folder) cpSync(folder, workspace, { recursive: true });
  const server = await startServer({ developmentHost: true });
  const browser = await openBrowser();
  try {
    let finish: (status: number) => void = () => undefined;
    const finished = new Promise<number>((resolve) => {
      finish = resolve;
    });
    // The workbench calls these in the page, as VS Code's own test driver expects.
    await browser.page.exposeFunction('codeAutomationLog', () => undefined);
    await browser.page.exposeFunction('codeAutomationExit', (status: number) => finish(status));
    browser.page.on('crash', () => finish(2));
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => finish(143));
    setTimeout(() => finish(124), limit).unref();
    const at = {
      folder: workspace,
      extension: option('extensionDevelopmentPath'),
      tests: option('extensionTestsPath'),
    };
    await browser.page.goto(workbenchUrl(server, at));
    return await finished;
  } finally {
    await browser.close();
    await server.stop();
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

process.exit(await main());
