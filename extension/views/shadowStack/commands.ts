import * as vscode from 'vscode';
import { shortHex } from '../format.ts';
import { openSource } from '../openSource.ts';
import { promptValue } from '../promptValue.ts';
import type { ShadowStackRow } from './model.ts';
import type { ShadowStackView } from './tree.ts';

/** The view's commands. Each takes the row that it was invoked on; from the command palette there is none. */
export function shadowStackCommands(view: ShadowStackView): vscode.Disposable[] {
  const onEntry = (command: string, run: (entry: (ShadowStackRow & { kind: 'entry' })['entry']) => unknown) =>
    vscode.commands.registerCommand(command, (row?: ShadowStackRow) =>
      row?.kind === 'entry' ? run(row.entry) : undefined,
    );
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
