import type * as vscode from 'vscode';
import type { ShadowStackArguments, ShadowStackBody } from '../../../adapter/protocol.ts';
import { contextKeys, viewIds } from '../../names.ts';
import type { FocusFollower } from '../../session/focus.ts';
import type { Values } from '../changes.ts';
import { FrameView, type Presentation } from '../frameView.ts';
import {
  pageSize,
  type ShadowStackRow,
  shadowStackMessage,
  shadowStackRows,
  shadowStackTitle,
  shadowStackValues,
} from './model.ts';

/** The shadow stack of the focused frame's thread, from SSP upward. */
export class ShadowStackView extends FrameView<ShadowStackBody, ShadowStackRow> {
  #count = pageSize;

  constructor(focus: FocusFollower) {
    super(focus, viewIds.shadowStack, contextKeys.shadowStackState);
  }

  showMore(): void {
    this.#count += pageSize;
    this.refresh();
  }

  protected override sessionChanged(): void {
    this.#count = pageSize;
  }

  protected ask(session: vscode.DebugSession, frame: { frameId?: number }): Thenable<ShadowStackBody> {
    const args: ShadowStackArguments = { ...frame, count: this.#count };
    return session.customRequest('shadowstep/shadowStack', args);
  }

  protected values(body: ShadowStackBody): Values {
    return shadowStackValues(body);
  }

  protected present(body: ShadowStackBody, before: Values | undefined): Presentation<ShadowStackRow> {
    return {
      rows: shadowStackRows(body, this.#count, before),
      message: shadowStackMessage(body),
      title: shadowStackTitle(body),
      state: body.enabled ? 'entries' : 'off',
    };
  }

  protected children(): readonly ShadowStackRow[] {
    return [];
  }

  protected complete(row: ShadowStackRow, item: vscode.TreeItem): void {
    if (row.kind === 'more') {
      item.command = { command: 'shadowstep.shadowStack.more', title: row.label };
    } else if (row.kind === 'entry' && row.entry.source) {
      item.command = { command: 'shadowstep.shadowStack.openSource', title: 'Go to Source', arguments: [row] };
    }
  }
}
