import * as vscode from 'vscode';

/**
 * Starts the debug adapter as a process of its own, so that a guest at full speed cannot freeze the extension host.
 * VS Code's own executable runs it as plain Node, so nothing has to be installed.
 */
export class AdapterFactory implements vscode.DebugAdapterDescriptorFactory {
  readonly #adapter: string;

  constructor(extension: vscode.Uri) {
    this.#adapter = vscode.Uri.joinPath(extension, 'dist', 'adapter.cjs').fsPath;
  }

  createDebugAdapterDescriptor(): vscode.DebugAdapterDescriptor {
    return new vscode.DebugAdapterExecutable(process.execPath, [this.#adapter], { env: { ELECTRON_RUN_AS_NODE: '1' } });
  }
}
