import * as vscode from 'vscode';
import { AdapterFactory } from './adapterFactory.ts';
import { ConfigurationProvider } from './configuration/provider.ts';
import { debugFileCommand } from './debugFile.ts';
import { EvaluatableExpressions } from './language/evaluatableExpression.ts';
import { VocabularyHover } from './language/hover.ts';
import { SourceSymbols } from './language/symbols.ts';
import { assemblyLanguage, contextKeys, debugType } from './names.ts';
import { sampleCommand } from './samples.ts';
import { FocusFollower } from './session/focus.ts';
import { translationExplainer } from './translation.ts';
import { cetCommands } from './views/cet/commands.ts';
import { CetView } from './views/cet/tree.ts';
import { MarkDecorations } from './views/decorations.ts';
import { shadowStackCommands } from './views/shadowStack/commands.ts';
import { ShadowStackView } from './views/shadowStack/tree.ts';

export function activate(context: vscode.ExtensionContext): void {
  const focus = new FocusFollower();
  const shadowStack = new ShadowStackView(focus);
  const cet = new CetView(focus);
  const symbols = new SourceSymbols();
  context.subscriptions.push(
    focus,
    vscode.debug.registerDebugAdapterDescriptorFactory(debugType, new AdapterFactory(context.extensionUri)),
    vscode.debug.registerDebugConfigurationProvider(debugType, new ConfigurationProvider()),
    vscode.languages.registerEvaluatableExpressionProvider(assemblyLanguage, new EvaluatableExpressions()),
    vscode.languages.registerHoverProvider(assemblyLanguage, new VocabularyHover()),
    vscode.languages.registerDocumentSymbolProvider(assemblyLanguage, symbols),
    vscode.languages.registerDefinitionProvider(assemblyLanguage, symbols),
    vscode.window.registerFileDecorationProvider(new MarkDecorations()),
    shadowStack,
    cet,
    ...shadowStackCommands(shadowStack),
    ...cetCommands(cet),
    sampleCommand(context),
    debugFileCommand(),
    ...translationExplainer(focus),
    // VS Code's own command is hard to find: it stands in a context menu only.
    vscode.commands.registerCommand('shadowstep.openDisassembly', () =>
      vscode.commands.executeCommand('debug.action.openDisassemblyView'),
    ),
    focus.onDidChange((now) => {
      if (now.kind === 'stopped') void vscode.commands.executeCommand('setContext', contextKeys.stoppedOnce, true);
    }),
  );
  void vscode.commands.executeCommand('setContext', contextKeys.active, true);
}
