import * as vscode from 'vscode';
import { vocabulary } from './vocabulary.ts';

/** Explains CET and VMX instructions and the CET registers. */
export class VocabularyHover implements vscode.HoverProvider {
  provideHover(document: vscode.TextDocument, position: vscode.Position): vscode.Hover | undefined {
    const range = document.getWordRangeAtPosition(position, /[A-Za-z_]\w*/);
    const name = range && document.getText(range).toLowerCase();
    const word = name !== undefined ? vocabulary.get(name) : undefined;
    if (!word) return undefined;
    return new vscode.Hover([`**${word.heading}**`, word.text, `*${word.manual}*`], range);
  }
}
