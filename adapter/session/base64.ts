/** Base64 without Buffer, which a browser worker does not have. */
export function encodeBase64(bytes: Uint8Array): string {
  // In pieces: the arguments of one call are limited.
  const PIECE = 0x8000;
  const parts: string[] = [];
  for (let start = 0; start < bytes.length; start += PIECE) {
    parts.push(String.fromCharCode(...bytes.subarray(start, start + PIECE)));
  }
  return btoa(parts.join(''));
}

/** Undefined when the text is not base64. */
export function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
