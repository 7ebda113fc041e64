/** A name that a source defines; lines and columns are 0-based. */
export interface Definition {
  readonly name: string;
  readonly kind: 'label' | 'macro' | 'constant' | 'section';
  readonly line: number;
  readonly column: number;
  /** What to show beside the name: a constant's value. */
  readonly detail: string;
}

const name = '[A-Za-z_.][\\w.$]*';
const patterns: readonly { readonly kind: Definition['kind']; readonly pattern: RegExp }[] = [
  { kind: 'macro', pattern: new RegExp(`^\\s*\\.macro\\s+(${name})\\s*(.*)$`) },
  { kind: 'constant', pattern: new RegExp(`^\\s*\\.(?:equ|equiv|set)\\s+(${name})\\s*,\\s*(.*)$`) },
  { kind: 'constant', pattern: new RegExp(`^\\s*(${name})\\s*={1,2}(?!=)\\s*(.*)$`) },
  { kind: 'constant', pattern: /^\s*#\s*define\s+([A-Za-z_]\w*)\s*(.*)$/ },
  { kind: 'section', pattern: /^\s*\.(?:section\s+)?([.\w]+)()/ },
];
const label = new RegExp(`^\\s*(${name}):(?!:)`);
/** Section directives that need no `.section` before them. */
const plainSections = new Set(['text', 'data', 'bss']);

/** The names that a source defines, in order: sections, labels (local ones left out), macros and constants. */
export function definitions(lines: Iterable<string>): Definition[] {
  const found: Definition[] = [];
  let number = 0;
  for (const text of lines) {
    const line = number++;
    const labelled = label.exec(text);
    if (labelled) {
      const [whole, symbol] = labelled as unknown as [string, string];
      if (!symbol.startsWith('.L')) {
        found.push({ name: symbol, kind: 'label', line, column: whole.indexOf(symbol), detail: '' });
      }
      continue;
    }
    for (const { kind, pattern } of patterns) {
      const match = pattern.exec(text);
      if (!match) continue;
      const [, symbol, rest] = match as unknown as [string, string, string];
      if (kind === 'section' && !/\.section\b/.test(text) && !plainSections.has(symbol)) break;
      const shown = kind === 'section' && plainSections.has(symbol) ? `.${symbol}` : symbol;
      const detail = rest.replace(/\s*(?:#|\/\/|\/\*).*$/, '').trim();
      found.push({ name: shown, kind, line, column: text.indexOf(symbol), detail });
      break;
    }
  }
  return found;
}

/** Where a numbered label such as `1b` or `2f` leads from a line; undefined when there is none. */
export function numberedLabel(lines: readonly string[], from: number, reference: string): number | undefined {
  const pattern = new RegExp(`^\\s*${reference.slice(0, -1)}:`);
  if (reference.endsWith('f')) {
    const next = lines.findIndex((text, line) => line > from && pattern.test(text));
    return next < 0 ? undefined : next;
  }
  for (let line = from; line >= 0; line--) if (pattern.test(lines[line]!)) return line;
  return undefined;
}
