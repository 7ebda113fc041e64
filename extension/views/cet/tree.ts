import * as vscode from 'vscode';
import type { CetArguments, CetBody } from '../../../adapter/protocol.ts';
import { contextKeys, viewIds } from '../../names.ts';
import type { FocusFollower } from '../../session/focus.ts';
import type { Values } from '../changes.ts';
import { FrameView, type Presentation } from '../frameView.ts';
import { type CetRow, cetMessage, cetRows, cetValues } from './model.ts';

/** The CET registers of the focused frame's thread, each expandable into its fields. */
export class CetView extends FrameView<CetBody, CetRow> {
  constructor(focus: FocusFollower) {
    super(focus, viewIds.cet, contextKeys.cetState);
  }

  protected ask(session: vscode.DebugSession, frame: { frameId?: number }): Thenable<CetBody> {
    const args: CetArguments = frame;
    return session.customRequest('shadowstep/cet', args);
  }

  protected values(body: CetBody): Values {
    return cetValues(body);
  }

  protected present(body: CetBody, before: Values | undefined): Presentation<CetRow> {
    return {
      rows: cetRows(body, before),
      message: cetMessage(body),
      title: '',
      state: body.available ? 'entries' : 'off',
    };
  }

  protected children(row: CetRow): readonly CetRow[] {
    return row.kind === 'register' ? row.children : [];
  }

  protected complete(row: CetRow, item: vscode.TreeItem): void {
    if (row.kind === 'register' && row.children.length > 0) {
      item.collapsibleState = vscode.TreeItemCollapsibleState.Collapsed;
    }
  }
}
