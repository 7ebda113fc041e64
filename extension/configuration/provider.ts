import * as vscode from 'vscode';
import { type ActiveDocument, type Configuration, resolveConfiguration, resolvePaths } from './resolve.ts';

function activeDocument(): ActiveDocument | undefined {
  const document = vscode.window.activeTextEditor?.document;
  if (!document) return undefined;
  return {
    path: document.uri.scheme === 'file' ? document.uri.fsPath : document.uri.path,
    languageId: document.languageId,
    onDisk: document.uri.scheme === 'file',
    hasBreakpoints: vscode.debug.breakpoints.some((breakpoint) => breakpoint.enabled),
  };
}

/** Completes launch configurations, and makes one from the active editor when F5 is pressed without a launch.json. */
export class ConfigurationProvider implements vscode.DebugConfigurationProvider {
  async resolveDebugConfiguration(
    _folder: vscode.WorkspaceFolder | undefined,
    given: Partial<Configuration>,
  ): Promise<vscode.DebugConfiguration | undefined> {
    const resolution = resolveConfiguration(given, activeDocument());
    if ('configuration' in resolution) return resolution.configuration;
    // A modal message, as VS Code's own for a configuration that cannot start; undefined then ends the start silently.
    await vscode.window.showErrorMessage(resolution.error, { modal: true });
    return undefined;
  }

  resolveDebugConfigurationWithSubstitutedVariables(
    folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): vscode.DebugConfiguration {
    const base = folder ?? vscode.workspace.workspaceFolders?.[0];
    if (base?.uri.scheme !== 'file') return configuration;
    const isAbsolute = /^([a-z]:)?[\\/]/i;
    return resolvePaths(configuration, (path) =>
      isAbsolute.test(path) ? path : vscode.Uri.joinPath(base.uri, path).fsPath,
    );
  }
}
