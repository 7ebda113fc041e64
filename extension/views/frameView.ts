import * as vscode from 'vscode';
import type { Focus, FocusFollower } from '../session/focus.ts';
import { ChangeTracker, type Values } from './changes.ts';
import { markColors, markUri } from './decorations.ts';
import type { RowLook } from './row.ts';

/** What a view says when it has no rows; `when` clauses of package.json's viewsWelcome test it. */
export type ViewState = 'noSession' | 'running' | 'off' | 'entries';

export interface Presentation<Row> {
  readonly rows: readonly Row[];
  readonly message: string | undefined;
  readonly title: string;
  readonly state: ViewState;
}

/**
 * A tree view in the Run and Debug container that shows, for the focused stack frame, the answer to one custom
 * request. Subclasses say what to ask and how the answer becomes rows.
 */
export abstract class FrameView<Body, Row extends RowLook> implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #focus: FocusFollower;
  readonly #id: string;
  readonly #stateKey: string;
  readonly #tree: vscode.TreeView<Row>;
  readonly #treeChanged = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#treeChanged.event;
  readonly #changes = new ChangeTracker();
  readonly #subscriptions: vscode.Disposable[];
  #rows: readonly Row[] = [];
  #sessionId: string | undefined;
  /** Numbers the reads, so that a late answer does not overwrite a newer one. */
  #read = 0;

  constructor(focus: FocusFollower, id: string, stateKey: string) {
    this.#focus = focus;
    this.#id = id;
    this.#stateKey = stateKey;
    this.#tree = vscode.window.createTreeView(id, { treeDataProvider: this, showCollapseAll: false });
    this.#subscriptions = [
      this.#tree,
      this.#treeChanged,
      focus.onDidChange((now) => this.#show(now)),
      this.#tree.onDidChangeVisibility(({ visible }) => {
        if (visible) this.refresh();
      }),
    ];
    this.#present({ rows: [], message: undefined, title: '', state: 'noSession' });
  }

  protected abstract ask(session: vscode.DebugSession, frame: { frameId?: number }): Thenable<Body>;
  protected abstract values(body: Body): Values;
  protected abstract present(body: Body, before: Values | undefined): Presentation<Row>;
  protected abstract children(row: Row): readonly Row[];
  /** Completes a row's item with what only this view has: a command on click, an expandable state. */
  protected abstract complete(row: Row, item: vscode.TreeItem): void;

  /** Called when another session comes into focus. */
  protected sessionChanged(): void {}

  /** The row that the keyboard is on, for commands that are given none. */
  get selected(): Row | undefined {
    return this.#tree.selection[0];
  }

  refresh(): void {
    void this.#show(this.#focus.current);
  }

  /** Sends a request for the focused frame, and reads the view again. Rejects with the adapter's sentence. */
  async request(command: string, args: Record<string, unknown>): Promise<void> {
    const focus = this.#focus.current;
    if (focus.kind !== 'stopped') throw new Error('The guest is not stopped, so nothing can be set.');
    await focus.session.customRequest(command, { ...frameArguments(focus), ...args });
    await this.#show(this.#focus.current);
  }

  getChildren(row?: Row): Row[] {
    return [...(row ? this.children(row) : this.#rows)];
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const item = new vscode.TreeItem(row.label);
    item.id = row.id;
    item.description = row.description;
    item.tooltip = new vscode.MarkdownString(row.tooltip);
    item.contextValue = row.context;
    const uri = markUri(this.#id, row.id, row.mark);
    if (uri) item.resourceUri = uri;
    if (row.icon)
      item.iconPath = new vscode.ThemeIcon(row.icon, row.mark === 'none' ? undefined : markColors[row.mark]);
    const state = row.mark === 'changed' ? ', changed' : row.mark === 'wrong' ? ', mismatch' : '';
    item.accessibilityInformation = { label: `${row.label} ${row.description}${state}` };
    this.complete(row, item);
    return item;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  async #show(focus: Focus): Promise<void> {
    const read = ++this.#read;
    if (focus.kind === 'none') {
      this.#changes.clear();
      this.#sessionId = undefined;
      this.#present({ rows: [], message: undefined, title: '', state: 'noSession' });
      return;
    }
    if (focus.session.id !== this.#sessionId) {
      this.#sessionId = focus.session.id;
      this.#changes.clear();
      this.sessionChanged();
    }
    if (focus.kind === 'running') {
      this.#present({ rows: [], message: undefined, title: 'running', state: 'running' });
      return;
    }
    if (!this.#tree.visible) return;
    try {
      const body = await this.ask(focus.session, frameArguments(focus));
      if (read !== this.#read) return;
      const before = this.#changes.update(focus.threadId, focus.stop, this.values(body));
      this.#present(this.present(body, before));
    } catch (error) {
      if (read !== this.#read) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#present({ rows: [], message, title: '', state: 'off' });
    }
  }

  #present(presentation: Presentation<Row>): void {
    this.#rows = presentation.rows;
    // The declared type lacks the undefined that takes a message away, and '' would hide an empty view's welcome text.
    (this.#tree as { message: string | undefined }).message = presentation.message;
    this.#tree.description = presentation.title;
    void vscode.commands.executeCommand('setContext', this.#stateKey, presentation.state);
    this.#treeChanged.fire();
  }
}

function frameArguments(focus: Focus & { kind: 'stopped' }): { frameId?: number } {
  return focus.frameId === undefined ? {} : { frameId: focus.frameId };
}
