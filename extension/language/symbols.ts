import * as vscode from 'vscode';
import { type Definition, definitions, numberedLabel } from './labels.ts';

const kinds: Record<Definition['kind'], vscode.SymbolKind> = {
  label: vscode.SymbolKind.Function,
  macro: vscode.SymbolKind.Method,
  constant: vscode.SymbolKind.Constant,
  section: vscode.SymbolKind.Namespace,
};

function linesOf(document: vscode.TextDocument): string[] {
  return document.getText().split(/\r?\n/);
}

/** The outline and the breadcrumbs of a guest's source, and Go to Definition within it. */
export class SourceSymbols implements vscode.DocumentSymbolProvider, vscode.DefinitionProvider {
  provideDocumentSymbols(document: vscode.TextDocument): vscode.DocumentSymbol[] {
    const lines = linesOf(document);
    const found = definitions(lines);
    const labels = found.filter(({ kind }) => kind === 'label');
    return found.map((one) => {
      // A label's code reaches to the next label.
      const next = one.kind === 'label' ? labels[labels.indexOf(one) + 1] : undefined;
      const end = one.kind === 'label' ? (next?.line ?? lines.length) - 1 : one.line;
      const selection = new vscode.Range(one.line, one.column, one.line, one.column + one.name.length);
      const range = new vscode.Range(one.line, 0, Math.max(end, one.line), lines[Math.max(end, one.line)]!.length);
      return new vscode.DocumentSymbol(
        one.name,
        one.detail,
        kinds[one.kind],
        range,
        range.contains(selection) ? selection : range,
      );
    });
  }

  provideDefinition(document: vscode.TextDocument, position: vscode.Position): vscode.Location | undefined {
    const range = document.getWordRangeAtPosition(position, /[0-9]+[fb]\b|[A-Za-z_.][\w.$]*/);
    if (!range) return undefined;
    const word = document.getText(range);
    const lines = linesOf(document);
    if (/^[0-9]/.test(word)) {
      const line = numberedLabel(lines, position.line, word);
      return line === undefined ? undefined : new vscode.Location(document.uri, new vscode.Position(line, 0));
    }
    const local = new RegExp(`^\\s*${word.replace(/[.$]/g, '\\$&')}:`);
    const line = lines.findIndex((text) => local.test(text));
    const found = definitions(lines).find(({ name, kind }) => name === word && kind !== 'section');
    const at = found ? new vscode.Position(found.line, found.column) : line >= 0 && new vscode.Position(line, 0);
    return at ? new vscode.Location(document.uri, at) : undefined;
  }
}
