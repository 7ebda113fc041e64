import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { startFakeAdapter } from '../fakeAdapter.ts';

/** What only the API shows: registrations, how a session starts without a launch.json, what is hovered over. */
export function extensionTests(): void {
  describe('the extension', () => {
    let adapter: { port: number; stop(): void };
    let source: vscode.Uri;

    before(async () => {
      adapter = await startFakeAdapter();
      const [found] = await vscode.workspace.findFiles('**/hello.s');
      assert(found, 'the workspace holds hello.s');
      source = found;
      await vscode.window.showTextDocument(source);
      await vscode.extensions.getExtension('shadowstep.shadowstep')?.activate();
    });
    after(() => adapter.stop());
    afterEach(async () => {
      vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
      await vscode.debug.stopDebugging();
    });

    it('knows .s files as guest assembly', () => {
      assert.equal(vscode.window.activeTextEditor?.document.languageId, 'x86-guest-asm');
    });

    it('registers every command that it declares', async () => {
      const declared: { command: string }[] =
        vscode.extensions.getExtension('shadowstep.shadowstep')?.packageJSON.contributes.commands;
      const known = new Set(await vscode.commands.getCommands(true));
      assert.deepEqual(
        declared.map((one) => one.command).filter((command) => !known.has(command)),
        [],
      );
    });

    it('debugs the active source when there is no launch.json, and stops at its entry without a breakpoint', async () => {
      const { configuration } = await started(() => vscode.commands.executeCommand('shadowstep.debugFile'));
      assert.equal(configuration.program, source.fsPath);
      assert.equal(configuration.stopOnEntry, true);
    });

    it('runs to a breakpoint when there is one', async () => {
      const location = new vscode.Location(source, new vscode.Position(14, 0));
      vscode.debug.addBreakpoints([new vscode.SourceBreakpoint(location)]);
      const { configuration } = await started(() => vscode.commands.executeCommand('shadowstep.debugFile'));
      assert.equal(configuration.stopOnEntry, false);
    });

    it('follows the focused frame and answers its views over DAP', async () => {
      const session = await started(() =>
        vscode.debug.startDebugging(undefined, {
          ...{ type: 'shadowstep', request: 'launch', name: 'fake', program: source.fsPath },
          ...{ debugServer: adapter.port, entries: 4 },
        }),
      );
      const item = await focusedFrame();
      assert.equal(item.session.id, session.id);
      const body = await session.customRequest('shadowstep/shadowStack', { frameId: item.frameId, count: 2 });
      assert.equal(body.entries.length, 2);
      await assert.rejects(
        async () => session.customRequest('shadowstep/setCet', { register: 'IA32_S_CET', value: 'x' }),
        /"x" is no value/,
      );
    });
  });
}

/** The session that the action starts. Subscribed first: `activeDebugSession` follows the focus, not the start. */
async function started(action: () => Thenable<unknown>): Promise<vscode.DebugSession> {
  const session = new Promise<vscode.DebugSession>((resolve) => {
    const subscription = vscode.debug.onDidStartDebugSession((one) => {
      subscription.dispose();
      resolve(one);
    });
  });
  await action();
  return session;
}

async function focusedFrame(): Promise<vscode.DebugStackFrame> {
  for (;;) {
    const item = vscode.debug.activeStackItem;
    if (item instanceof vscode.DebugStackFrame) return item;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
