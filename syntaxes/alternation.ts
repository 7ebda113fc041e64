/**
 * A regular expression that matches exactly the given words, as a tree of their common beginnings: a thousand words
 * tried one after the other would make the tokenizer slow.
 */
export function alternation(words: readonly string[]): string {
  return pattern(tree(words));
}

interface Node {
  readonly next: Map<string, Node>;
  end: boolean;
}

function tree(words: readonly string[]): Node {
  const root: Node = { next: new Map(), end: false };
  for (const word of words) {
    let node = root;
    for (const letter of word) {
      let next = node.next.get(letter);
      if (!next) {
        next = { next: new Map(), end: false };
        node.next.set(letter, next);
      }
      node = next;
    }
    node.end = true;
  }
  return root;
}

function pattern(node: Node): string {
  if (node.next.size === 0) return '';
  const letters: string[] = [];
  const branches: string[] = [];
  for (const [letter, next] of node.next) {
    const rest = pattern(next);
    if (rest === '') letters.push(letter);
    else branches.push(escaped(letter) + rest);
  }
  if (letters.length === 1) branches.push(escaped(letters[0]!));
  else if (letters.length > 1) branches.push(`[${letters.map(escaped).join('')}]`);
  const isOne = branches.length === 1;
  const all = isOne && !node.end ? branches[0]! : `(?:${branches.join('|')})`;
  return node.end ? `${all}?` : all;
}

function escaped(letter: string): string {
  return /[\w]/.test(letter) ? letter : `\\${letter}`;
}
