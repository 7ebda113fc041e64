/** `0x0000000000002ff0` as people write it: `0x2ff0`. */
export function shortHex(value: string): string {
  return value.replace(/^0x0*(?=[0-9a-f])/i, '0x');
}

/** An address for a narrow column: its last five digits where it is long, as `…02ff0`. */
export function shortAddress(value: string): string {
  const digits = shortHex(value).slice(2);
  return digits.length <= 8 ? `0x${digits}` : `…${digits.slice(-5)}`;
}

/** The last part of a path or URI. */
export function fileName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** `smash.s:41`. */
export function sourcePlace(source: { readonly path: string; readonly line: number }): string {
  return `${fileName(source.path)}:${source.line}`;
}
