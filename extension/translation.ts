import * as vscode from 'vscode';
import type { TranslationBody } from '../adapter/protocol.ts';
import { expressionAt } from './language/expressionAt.ts';
import type { FocusFollower } from './session/focus.ts';
import { promptValue } from './views/promptValue.ts';

const scheme = 'shadowstep-translation';
const command = 'shadowstep.explainTranslation';

/** What VS Code hands to a command of the Variables and Watch views, and the Shadow Stack view of ours. */
interface Invoked {
  readonly variable?: { readonly evaluateName?: string; readonly value?: string };
  readonly entry?: { readonly address: string };
}

/** `Explain Translation`: from a linear address to physical memory, entry by entry, as a page beside the editor. */
export function translationExplainer(focus: FocusFollower): vscode.Disposable[] {
  const pages = new Map<string, string>();
  return [
    vscode.workspace.registerTextDocumentContentProvider(scheme, {
      provideTextDocumentContent: (uri) => pages.get(uri.toString()) ?? '',
    }),
    vscode.workspace.onDidCloseTextDocument((document) => {
      if (document.uri.scheme === scheme) pages.delete(document.uri.toString());
    }),
    vscode.commands.registerCommand(command, async (invoked?: Invoked | vscode.Uri) => {
      const now = focus.current;
      if (now.kind !== 'stopped') {
        void vscode.window.showInformationMessage('A translation can be explained while a guest is stopped.');
        return;
      }
      const show = async (address: string) => {
        const frame = now.frameId === undefined ? {} : { frameId: now.frameId };
        const body: TranslationBody = await now.session.customRequest('shadowstep/translation', { address, ...frame });
        const uri = vscode.Uri.from({ scheme, path: `Translation of ${body.linear}`, query: `${now.stop}` });
        pages.set(uri.toString(), `${body.text.join('\n')}\n`);
        const document = await vscode.workspace.openTextDocument(uri);
        await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: true });
      };
      const address = addressOf(invoked);
      if (address !== undefined) {
        try {
          await show(address);
        } catch (error) {
          void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
        }
        return;
      }
      await promptValue({
        title: 'Explain Translation',
        prompt: 'A linear address: an expression such as $rsp, main+4, fs:0x18 or 0x401000.',
        value: '$rip',
        apply: show,
      });
    }),
  ];
}

/** What the command was invoked on: a row of a view, or the selection or word of the editor with its context menu. */
function addressOf(invoked: Invoked | vscode.Uri | undefined): string | undefined {
  if (invoked instanceof vscode.Uri) return inEditor();
  return invoked?.entry?.address ?? invoked?.variable?.evaluateName ?? undefined;
}

function inEditor(): string | undefined {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) return undefined;
  const selected = editor.document.getText(editor.selection).trim();
  if (selected !== '') return selected;
  const { line, character } = editor.selection.active;
  return expressionAt(editor.document.lineAt(line).text, character)?.expression;
}
