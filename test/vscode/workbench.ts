import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';

/** The workbench as a person sees it: what is on the screen, where to click. No method waits a fixed time. */
export class Workbench {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(30_000);
  }

  async open(url: string): Promise<void> {
    await this.page.goto(url);
    await this.page.locator('.monaco-workbench .part.statusbar').waitFor();
  }

  /** Opens a file from the explorer and waits for its text. */
  async openFile(...path: string[]): Promise<void> {
    for (const [index, name] of path.entries()) {
      const row = this.page.locator(`.explorer-folders-view .monaco-list-row[aria-label^="${name}"]`);
      await row.first().waitFor();
      if (index === path.length - 1) await row.first().dblclick();
      else if ((await row.first().getAttribute('aria-expanded')) !== 'true') await row.first().click();
    }
    await this.page.locator(`.tab.active[aria-label^="${path.at(-1)}"]`).waitFor();
    await this.page.locator('.editor-instance .view-line').first().waitFor();
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Runs a command by its title in the command palette. */
  async command(title: string): Promise<void> {
    await this.press('F1');
    const input = this.page.locator('.quick-input-widget input');
    await input.waitFor();
    await input.fill(`>${title}`);
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().click();
  }

  /** Chooses in an open quick pick. */
  async pick(text: string): Promise<void> {
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first().click();
  }

  /** Scrolls a line into sight. */
  async goToLine(line: number): Promise<void> {
    await this.focusEditor();
    await this.press('Control+g');
    const input = this.page.locator('.quick-input-widget input');
    await input.waitFor();
    await input.fill(`:${line}`);
    await this.press('Enter');
    await this.page
      .locator('.editor-instance .active-line-number')
      .filter({ hasText: new RegExp(`^${line}$`) })
      .waitFor();
  }

  /** Clicks into the gutter, left of a line's number. */
  async toggleBreakpoint(line: number): Promise<void> {
    await this.goToLine(line);
    const number = this.page
      .locator('.editor-instance .margin .line-numbers')
      .filter({ hasText: new RegExp(`^${line}$`) });
    // Where it comes to rest: the editor may still be scrolling there.
    let last: unknown;
    const box = await this.until(
      `line ${line}`,
      () => number.first().boundingBox(),
      (now) => {
        const isAtRest = now !== null && JSON.stringify(now) === JSON.stringify(last);
        last = now;
        return isAtRest;
      },
    );
    assert(box, `line ${line} is not in sight`);
    const [x, y] = [box.x - 8, box.y + box.height / 2];
    // The pale dot under the pointer: a click sets a breakpoint. It is there once VS Code knows the debugger's languages.
    let nudge = 0;
    await this.until(
      'the hint of a breakpoint',
      async () => {
        await this.page.mouse.move(x + (nudge++ % 2), y);
        return this.page.locator('.editor-instance .codicon-debug-hint').count();
      },
      (count) => count > 0,
    );
    await this.page.mouse.click(x, y);
    await this.page.locator('.editor-instance .codicon-debug-breakpoint').first().waitFor();
  }

  /** A pane of the side bar by its title. */
  pane(title: string): Locator {
    return this.page.locator('.part.sidebar .pane', {
      has: this.page.locator(`.pane-header[aria-label^="${title}"]`),
    });
  }

  async expand(title: string, wanted = true): Promise<void> {
    const header = this.pane(title).locator('.pane-header');
    await header.waitFor();
    if (((await header.getAttribute('aria-expanded')) === 'true') !== wanted) await header.click();
  }

  /** A tree view's rows as `label | description`. */
  async rows(title: string): Promise<string[]> {
    return this.pane(title)
      .locator('.monaco-list-row')
      .evaluateAll((rows) =>
        rows.map((row) => [
          row.querySelector('.label-name')?.textContent ?? '',
          row.querySelector('.label-description')?.textContent ?? '',
        ]),
      )
      .then((rows) => rows.map((row) => row.join(' | ').replaceAll('\u00a0', ' ')));
  }

  /** The row of a view whose label starts so. */
  row(title: string, label: string): Locator {
    return this.pane(title).locator(`.monaco-list-row[aria-label^="${label}"]`).first();
  }

  /** How many rows a tree has, in sight or not. */
  async rowCount(title: string): Promise<number> {
    const row = this.pane(title).locator('.monaco-list-row').first();
    return Number(await row.getAttribute('aria-setsize'));
  }

  async colorOf(title: string, label: string): Promise<string> {
    return this.row(title, label)
      .locator('.label-name')
      .evaluate((element) => getComputedStyle(element).color);
  }

  /** Presses an action that a row shows while the pointer is on it. */
  async inline(title: string, label: string, action: string): Promise<void> {
    const row = this.row(title, label);
    await row.hover();
    await row.locator(`.actions .action-label[aria-label^="${action}"]`).click();
  }

  async focusTree(title: string): Promise<void> {
    await this.pane(title).locator('.monaco-list').focus();
  }

  /** Fills the open input and accepts. */
  async type(text: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input');
    await input.waitFor();
    await input.fill(text);
    await this.press('Enter');
  }

  /** What the open input says under it. */
  async inputMessage(): Promise<string> {
    return this.text(this.page.locator('.quick-input-widget .quick-input-message'));
  }

  /** What an open editor shows, by the beginning of its title; empty when there is none. */
  async editorText(title: string): Promise<string> {
    const lines = this.page.locator(`.editor-group-container:has(.tab[aria-label^="${title}"]) .view-line`);
    return (await lines.allTextContents()).join('\n').replaceAll('\u00a0', ' ');
  }

  async focusEditor(): Promise<void> {
    await this.press('Control+1');
    await this.page.locator('.editor-instance .monaco-editor.focused').first().waitFor();
  }

  /** What the exception widget in the editor says. */
  async exception(): Promise<string> {
    return this.text(this.page.locator('.exception-widget'));
  }

  /** What the debugger says of a word on a line that the pointer rests on. */
  async hoverValue(line: number, word: string): Promise<string> {
    await this.goToLine(line);
    const top = (await this.page.locator('.editor-instance .current-line').first().boundingBox())?.y ?? 0;
    for (const part of await this.page.locator('.editor-instance .view-line span span', { hasText: word }).all()) {
      const box = await part.boundingBox();
      if (!box || Math.abs(box.y - top) > 4) continue;
      await this.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      return this.until(
        `the value of ${word}`,
        () => this.text(this.page.locator('.debug-hover-widget .value')),
        (text) => text !== '',
      );
    }
    throw new Error(`line ${line} shows no ${word}`);
  }

  /** The line that the Disassembly view marks as the next to execute. */
  async disassembled(): Promise<string> {
    const row = this.page.locator('.disassembly-view .monaco-table-tr', {
      has: this.page.locator('.codicon-debug-stackframe'),
    });
    return this.text(row);
  }

  async focusConsole(): Promise<void> {
    await this.press('Control+Shift+y');
    await this.page.locator('.repl-input-wrapper .monaco-editor.focused').waitFor();
  }

  /** Enters an expression or a command into the Debug Console, which has the focus. */
  async say(words: string): Promise<void> {
    await this.page.keyboard.type(words);
    await this.page.locator('.repl-input-wrapper .view-line', { hasText: words.split(' ')[0]! }).waitFor();
    await this.press('Escape', 'Enter');
  }

  /** The Debug Console's text. */
  async console(): Promise<string> {
    const lines = await this.page.locator('.repl-tree .monaco-list-row').allInnerTexts();
    return lines.join('\n').replaceAll('\u00a0', ' ');
  }

  /** The notifications in the corner. */
  async toasts(): Promise<string[]> {
    return this.page.locator('.notifications-toasts .notification-list-item-message').allTextContents();
  }

  /** What an element says, its no-break spaces as spaces. */
  async text(element: Locator): Promise<string> {
    return ((await element.first().textContent()) ?? '').replaceAll('\u00a0', ' ');
  }

  /** The message above a tree view's rows. */
  async message(title: string): Promise<string> {
    return this.text(this.pane(title).locator('.message'));
  }

  /** What an empty view says. */
  async welcome(title: string): Promise<string> {
    return this.text(this.pane(title).locator('.welcome-view-content'));
  }

  /** The number of the line that execution stopped at. */
  async stoppedLine(): Promise<number> {
    const marker = this.page.locator('.editor-instance .debug-top-stack-frame-line').first();
    const top = (await marker.boundingBox())?.y;
    assert(top !== undefined, 'no line is marked as the next to execute');
    const numbers = this.page.locator('.editor-instance .margin .line-numbers');
    for (const number of await numbers.all()) {
      const box = await number.boundingBox();
      if (box && Math.abs(box.y - top) < 4) return Number(await number.textContent());
    }
    throw new Error('the marked line has no number in sight');
  }

  /** The Variables view's rows as name to value. */
  async variables(): Promise<Record<string, string>> {
    const found = await this.page.locator('.debug-variables .monaco-list-row .expression').evaluateAll((rows) =>
      rows.map((row) => {
        const name = row.querySelector('.name')?.textContent ?? '';
        return [name.replace(/[:=]?\s*$/, '').trim(), row.querySelector('.value')?.textContent?.trim() ?? ''];
      }),
    );
    return Object.fromEntries(found.filter(([name]) => name));
  }

  /** Reads until what was read satisfies the test; fails with the last thing read. */
  async until<T>(what: string, read: () => Promise<T>, test: (value: T) => boolean, limit = 20_000): Promise<T> {
    const end = Date.now() + limit;
    let last: unknown;
    do {
      try {
        const value = await read();
        if (test(value)) return value;
        last = value;
      } catch (error) {
        last = error instanceof Error ? error.message : error;
      }
      await this.page.waitForTimeout(100);
    } while (Date.now() < end);
    throw new Error(`${what}: not seen within ${limit / 1000} s; last read ${JSON.stringify(last, undefined, 1)}`);
  }
}
