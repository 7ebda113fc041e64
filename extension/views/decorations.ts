import * as vscode from 'vscode';
import type { RowMark } from './row.ts';

const scheme = 'shadowstep-row';

/** Rows take their text color through a resource: the one way in which a tree view lets an item have a theme color. */
export function markUri(view: string, id: string, mark: RowMark): vscode.Uri | undefined {
  return mark === 'none' ? undefined : vscode.Uri.from({ scheme, authority: view, path: `/${id}`, query: mark });
}

export const markColors: Record<Exclude<RowMark, 'none'>, vscode.ThemeColor> = {
  changed: new vscode.ThemeColor('shadowstep.changedForeground'),
  wrong: new vscode.ThemeColor('shadowstep.mismatchForeground'),
};

export class MarkDecorations implements vscode.FileDecorationProvider {
  provideFileDecoration(uri: vscode.Uri): vscode.FileDecoration | undefined {
    if (uri.scheme !== scheme) return undefined;
    if (uri.query === 'changed') return { color: markColors.changed, tooltip: 'changed since the last stop' };
    if (uri.query === 'wrong') return { color: markColors.wrong, tooltip: 'differs from the ordinary stack' };
    return undefined;
  }
}
