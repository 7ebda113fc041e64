/** Paths as producers write them, POSIX or Windows, without Node: debug information names files of another machine. */

export function isAbsolute(path: string): boolean {
  return path.startsWith('/') || path.startsWith('\\\\') || /^[A-Za-z]:[\\/]/.test(path);
}

/** `path`, made absolute against `base` when it is relative, without `.` and `..` where they can be resolved. */
export function joinPath(base: string, path: string): string {
  const joined = isAbsolute(path) || base === '' ? path : `${base}/${path}`;
  const root = /^(?:[A-Za-z]:[\\/]|\\\\|\/+)/.exec(joined)?.[0] ?? '';
  const separator = root.includes('\\') ? '\\' : '/';
  const parts: string[] = [];
  for (const part of joined.slice(root.length).split(separator === '\\' ? /[\\/]/ : '/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '..' || root === '') parts.push(part);
  }
  return (root.startsWith('/') ? '/' : root) + parts.join(separator);
}

/** The directory that holds `path`. */
export function directoryOf(path: string): string {
  const end = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  return end < 0 ? '' : path.slice(0, Math.max(end, 1));
}
