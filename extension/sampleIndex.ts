/** A sample guest that ships with the extension. */
export interface Sample {
  /** The name of its folder under extension/samples. */
  readonly folder: string;
  /** The source to open first. */
  readonly source: string;
  readonly title: string;
  readonly summary: string;
}

/**
 * Reads what a sample is from the comment at the top of its source: the first line, `folder: what it shows.`, and the
 * paragraph after it. Undefined when the folder holds no source.
 */
export async function sampleOf(
  folder: string,
  files: readonly string[],
  read: (file: string) => Promise<string>,
): Promise<Sample | undefined> {
  const sources = files.filter((file) => /\.(s|asm)$/i.test(file)).sort();
  const source = sources.find((file) => file.replace(/\.\w+$/, '') === folder) ?? sources[0];
  if (!source) return undefined;
  const comment = firstComment(await read(source));
  const words = (comment[0] ?? folder).replace(new RegExp(`^${folder}:\\s*`), '');
  const title = `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
  return { folder, source, title, summary: summary(comment.slice(1)) };
}

/** The lines of the first comment, without their comment signs. */
function firstComment(text: string): string[] {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    const comment = /^\s*(?:#|\/\/|\/?\*+\/?)\s?(.*?)(?:\*\/)?\s*$/.exec(line);
    if (!comment) break;
    lines.push(comment[1]!.trim());
  }
  while (lines[0] === '') lines.shift();
  return lines;
}

/** The first paragraph, as one line. */
function summary(lines: readonly string[]): string {
  const start = lines.findIndex((line) => line !== '');
  if (start < 0) return '';
  const end = lines.findIndex((line, index) => index > start && line === '');
  return lines.slice(start, end < 0 ? undefined : end).join(' ');
}
