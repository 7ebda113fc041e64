import * as vscode from 'vscode';

/** Opens a source at a line (1-based), where the debugger shows it: in the active group, as a preview. */
export async function openSource(source: { path: string; line: number; column?: number }): Promise<void> {
  const position = new vscode.Position(Math.max(source.line - 1, 0), Math.max((source.column ?? 1) - 1, 0));
  await vscode.window.showTextDocument(sourceUri(source.path), {
    selection: new vscode.Range(position, position),
    preview: true,
    // The keyboard stays in the view, as in the Call Stack.
    preserveFocus: true,
  });
}

/** VS Code rewrites a `source.path` on its way through the window, so that it may arrive as a URI. */
function sourceUri(path: string): vscode.Uri {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(path) ? localUri(vscode.Uri.parse(path)) : vscode.Uri.file(path);
}

/** The extension host sees the files of its own side under `file`. */
function localUri(uri: vscode.Uri): vscode.Uri {
  return uri.scheme === 'vscode-remote' ? vscode.Uri.file(uri.path) : uri;
}
