/** Where a statement came from: what line tables and diagnostics point at. */
export interface Origin {
  /** Index into the file table. */
  readonly file: number;
  /** 1-based line. */
  readonly line: number;
}

/** One logical line: comments are blanked, block comments joined, columns kept. */
export interface SourceLine {
  readonly text: string;
  readonly origin: Origin;
  /** False when `text` was made by a macro expansion, so that its columns are not the file's. */
  readonly exact: boolean;
}

/** Names and texts of the files of one assembly, in the order in which they were first read. */
export class FileTable {
  readonly paths: string[] = [];
  readonly #indexes = new Map<string, number>();

  index(path: string): number {
    let index = this.#indexes.get(path);
    if (index === undefined) {
      index = this.paths.length;
      this.paths.push(path);
      this.#indexes.set(path, index);
    }
    return index;
  }

  path(index: number): string {
    return this.paths[index] ?? '<unknown>';
  }
}

/** Thrown by a statement that needs a file which is not read yet; the driver reads it and runs the statement again. */
export class FileNeeded {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
}

/** Files already asked of the reader; undefined content means that there is no such file. */
export class FileCache {
  readonly #contents = new Map<string, Uint8Array | undefined>();

  set(path: string, content: Uint8Array | undefined): void {
    this.#contents.set(path, content);
  }

  /** Throws {@link FileNeeded} when the reader has not been asked yet. */
  get(path: string): Uint8Array | undefined {
    if (!this.#contents.has(path)) throw new FileNeeded(path);
    return this.#contents.get(path);
  }

  /** The first of the candidates that exists. */
  first(paths: readonly string[]): { path: string; content: Uint8Array } | undefined {
    for (const path of paths) {
      const content = this.get(path);
      if (content !== undefined) return { path, content };
    }
    return undefined;
  }
}

export const isAbsolute = (path: string): boolean => /^(\/|[A-Za-z]:[\\/]|[a-z][a-z0-9+.-]+:\/)/i.test(path);

/** Joins and normalises `.` and `..`; keeps a URI's scheme. */
export function joinPath(folder: string, name: string): string {
  const full = isAbsolute(name) || folder === '' ? name : `${folder}/${name}`;
  const root = /^([a-z][a-z0-9+.-]+:\/\/[^/]*|[A-Za-z]:)?[\\/]?/i.exec(full)?.[0] ?? '';
  const parts: string[] = [];
  for (const part of full.slice(root.length).split(/[\\/]/)) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts[parts.length - 1] !== '..') parts.pop();
    else if (part !== '..' || root === '') parts.push(part);
  }
  return root + parts.join('/');
}

export const folderOf = (path: string): string => path.replace(/[\\/]?[^\\/]*$/, '');
