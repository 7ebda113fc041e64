import type { Assembler, Directive } from '../assembler.ts';
import { StatementError } from '../diagnostics.ts';
import { folderOf, isAbsolute, joinPath } from '../source.ts';
import { splitLines } from '../text.ts';

/** Where a name may be found: beside the file that names it, beside the source, then the include folders. */
export function candidates(assembler: Pick<Assembler, 'files' | 'options'>, name: string, from: number): string[] {
  if (isAbsolute(name)) return [name];
  const folders = [
    folderOf(assembler.files.path(from)),
    folderOf(assembler.files.path(0)),
    ...(assembler.options.includePaths ?? []),
  ];
  return [...new Set(folders.map((folder) => joinPath(folder, name)))];
}

const include: Directive = (assembler, cursor) => {
  const start = cursor.skipBlanks().position;
  const name = cursor.string();
  assembler.expectEnd(cursor);
  const found = assembler.cache.first(candidates(assembler, name, assembler.input.folderFile));
  if (found === undefined)
    throw new StatementError(
      `There is no file "${name}" beside the source or in the include paths.`,
      start,
      cursor.position,
    );
  const file = assembler.files.index(found.path);
  const lines = splitLines(new TextDecoder().decode(found.content), found.path, assembler.files, (line) =>
    assembler.sink.add('error', 'This block comment never ends.', { origin: { file, line }, column: 1, chain: '' }),
  );
  assembler.input.push('file', name, lines, assembler.conditions.open.length);
};

const incbin: Directive = (assembler, cursor) => {
  const start = cursor.skipBlanks().position;
  const name = cursor.string();
  let skip = 0n;
  let count: bigint | undefined;
  if (cursor.take(',')) {
    if (cursor.skipBlanks().peek() !== ',') skip = assembler.absolute(cursor);
    if (cursor.take(',')) count = assembler.absolute(cursor);
  }
  assembler.expectEnd(cursor);
  const found = assembler.cache.first(candidates(assembler, name, assembler.input.folderFile));
  if (found === undefined)
    throw new StatementError(
      `There is no file "${name}" beside the source or in the include paths.`,
      start,
      cursor.position,
    );
  assembler.files.index(found.path);
  const { content } = found;
  const left = BigInt(content.length) - skip;
  const taken = count === undefined || count === 0n ? left : count;
  if (skip < 0n || taken < 0n || taken > left) {
    throw new StatementError(
      `"${name}" has ${content.length} bytes; a skip of ${skip} and a count of ${count ?? 0n} go past its end.`,
      start,
      cursor.position,
    );
  }
  assembler.chain.append(content.subarray(Number(skip), Number(skip + taken)));
};

export const includeDirectives: Readonly<Record<string, Directive>> = { '.include': include, '.incbin': incbin };
