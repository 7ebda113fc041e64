import * as vscode from 'vscode';

/**
 * Asks for a value and applies it. When the adapter refuses, its sentence is shown under the input, which stays open
 * with what was typed.
 */
export function promptValue(options: {
  readonly title: string;
  readonly prompt: string;
  readonly value: string;
  apply(text: string): Promise<void>;
}): Promise<void> {
  return new Promise((resolve) => {
    const input = vscode.window.createInputBox();
    input.title = options.title;
    input.prompt = options.prompt;
    input.value = options.value;
    // A view that refreshes takes the focus for a moment; what was typed must survive that.
    input.ignoreFocusOut = true;
    input.onDidChangeValue(() => {
      input.validationMessage = undefined;
    });
    input.onDidAccept(async () => {
      input.busy = true;
      input.enabled = false;
      try {
        await options.apply(input.value);
        input.hide();
      } catch (error) {
        input.validationMessage = error instanceof Error ? error.message : String(error);
        input.enabled = true;
        input.busy = false;
      }
    });
    input.onDidHide(() => {
      input.dispose();
      resolve();
    });
    input.show();
  });
}
