import * as vscode from 'vscode';
import { shortHex } from '../format.ts';
import { promptValue } from '../promptValue.ts';
import { type CetRow, flipped } from './model.ts';
import type { CetView } from './tree.ts';

/** The view's commands. Each works on the row that it was invoked on; from a key, on the selected one. */
export function cetCommands(view: CetView): vscode.Disposable[] {
  const set = (row: CetRow, value: string): Promise<void> => {
    if (row.kind === 'summary') return Promise.resolve();
    const field = row.kind === 'field' ? { field: row.field.name } : {};
    return view.request('shadowstep/setCet', { register: row.register.name, ...field, value });
  };
  return [
    vscode.commands.registerCommand('shadowstep.cet.refresh', () => view.refresh()),
    vscode.commands.registerCommand('shadowstep.cet.setValue', (given?: CetRow) => {
      const row = given ?? view.selected;
      if (!row || row.kind === 'summary') return undefined;
      const name = row.kind === 'field' ? `${row.register.name}.${row.field.name}` : row.register.name;
      return promptValue({
        title: name,
        prompt: (row.kind === 'field' ? row.field : row.register).description,
        value: shortHex((row.kind === 'field' ? row.field : row.register).value),
        apply: (value) => set(row, value),
      });
    }),
    vscode.commands.registerCommand('shadowstep.cet.flip', async (given?: CetRow) => {
      const row = given ?? view.selected;
      if (row?.kind !== 'field') return;
      try {
        await set(row, flipped(row.field));
      } catch (error) {
        await vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
      }
    }),
    vscode.commands.registerCommand('shadowstep.cet.copyValue', (given?: CetRow) => {
      const row = given ?? view.selected;
      if (!row || row.kind === 'summary') return undefined;
      return vscode.env.clipboard.writeText(shortHex((row.kind === 'field' ? row.field : row.register).value));
    }),
  ];
}
