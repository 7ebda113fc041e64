import * as vscode from 'vscode';
import type { ShadowStackEntry } from '../../../adapter/protocol.ts';
import { shortHex } from '../format.ts';
import { openSource } from '../openSource.ts';
import { promptValue } from '../promptValue.ts';
import type { ShadowStackRow } from './model.ts';
import type { ShadowStackView } from './tree.ts';

/** The view's commands. Each works on the row that it was invoked on; from a key, on the selected one. */
export function shadowStackCommands(view: ShadowStackView): vscode.Disposable[] {
  const onEntry = (command: string, run: (entry: ShadowStackEntry) => unknown) =>
    vscode.commands.registerCommand(command, (given?: ShadowStackRow) => {
      const row = given ?? view.selected;
      return row?.kind === 'entry' ? run(row.entry) : undefined;
    });
  return [
    vscode.commands.registerCommand('shadowstep.shadowStack.more', () => view.showMore()),
    vscode.commands.registerCommand('shadowstep.shadowStack.refresh', () => view.refresh()),
    onEntry('shadowstep.shadowStack.openSource', (entry) => entry.source && openSource(entry.source)),
    onEntry('shadowstep.shadowStack.copyValue', (entry) => vscode.env.clipboard.writeText(shortHex(entry.value))),
    onEntry('shadowstep.shadowStack.copyAddress', (entry) => vscode.env.clipboard.writeText(shortHex(entry.address))),
    onEntry('shadowstep.shadowStack.setValue', (entry) =>
      promptValue({
        title: `Shadow stack entry at ${shortHex(entry.address)}`,
        prompt: 'A value or an expression, such as 0x401000, main+4 or $rax. Enter to write it, Escape to leave it.',
        value: shortHex(entry.value),
        apply: (value) => view.request('shadowstep/setShadowStackEntry', { address: entry.address, value }),
      }),
    ),
  ];
}
