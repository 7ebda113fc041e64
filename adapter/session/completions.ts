import type { DebugProtocol } from '@vscode/debugprotocol';
import { COMMANDS } from './repl.ts';
import type { SessionState } from './state.ts';

const MOST_ITEMS = 200;
const WORD = /[$%]?[\w.$@]*$/;

/** What the word before `column` (1-based, as are the answers) can become: commands at the start of a line, registers, symbols. */
export function completionsFor(state: SessionState, text: string, column: number): DebugProtocol.CompletionItem[] {
  const before = text.slice(0, Math.max(column - 1, 0));
  const word = WORD.exec(before)?.[0] ?? '';
  const sigil = word.startsWith('$') || word.startsWith('%');
  const prefix = (sigil ? word.slice(1) : word).toLowerCase();
  const start = before.length - word.length + (sigil ? 1 : 0) + 1;
  const item = (label: string, type: DebugProtocol.CompletionItemType): DebugProtocol.CompletionItem => ({
    label,
    type,
    start,
    length: word.length - (sigil ? 1 : 0),
  });
  const items: DebugProtocol.CompletionItem[] = [];
  const atStart = before.trim() === word;
  if (atStart && !sigil)
    items.push(
      ...matching(
        COMMANDS.map(({ name }) => name),
        prefix,
      ).map((name) => item(name, 'keyword')),
    );
  const { loaded } = state;
  if (loaded === undefined) return items;
  items.push(...matching(loaded.registers.names(), prefix).map((name) => item(name, 'variable')));
  if (!sigil) {
    const names = [...new Set(loaded.program.image.symbols.map(({ name }) => name))];
    items.push(...matching(names, prefix).map((name) => item(name, 'function')));
  }
  return items.slice(0, MOST_ITEMS);
}

const matching = (names: readonly string[], prefix: string): string[] =>
  names.filter((name) => name.toLowerCase().startsWith(prefix)).sort();
