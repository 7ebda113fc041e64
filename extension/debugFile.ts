import * as vscode from 'vscode';

/** `Debug This Guest`: F5 for the editor's file, whatever launch.json holds. */
export function debugFileCommand(): vscode.Disposable {
  return vscode.commands.registerCommand('shadowstep.debugFile', async (resource?: vscode.Uri) => {
    const uri = resource ?? vscode.window.activeTextEditor?.document.uri;
    if (uri && vscode.window.activeTextEditor?.document.uri.toString() !== uri.toString()) {
      await vscode.window.showTextDocument(uri);
    }
    const folder = uri && vscode.workspace.getWorkspaceFolder(uri);
    // An empty configuration of our type: the configuration provider completes it from the active editor.
    await vscode.debug.startDebugging(folder, { type: 'shadowstep', name: '', request: '' });
  });
}
