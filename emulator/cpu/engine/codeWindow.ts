/**
 * The part of a page that instructions may come from, as first and last offset. It is the whole page in 64-bit code and
 * almost always elsewhere; the page in which a code segment begins, or its limit lies, has a smaller one. Decoded code
 * belongs to its window: what runs up to the limit in one segment goes on in another.
 */
export interface CodeWindow {
  readonly first: number;
  readonly last: number;
  /** In 16-bit code beyond offset FFFFh, where branches of 16 bits go elsewhere. */
  readonly beyond: boolean;
}

const PAGE_LAST = 0xfff;
export const WHOLE_PAGE: CodeWindow = { first: 0, last: PAGE_LAST, beyond: false };

export const windowKey = (w: CodeWindow): number => w.first | (w.last << 12) | (w.beyond ? 1 << 24 : 0);

/**
 * The window of the page that `rip` lies on at offset `pageOffset`, in a code segment of 16 or 32 bits. Undefined when
 * `rip` is beyond the limit.
 */
export function codeWindow(codeBits: 16 | 32, limit: number, rip: number, pageOffset: number): CodeWindow | undefined {
  if (rip > limit) return undefined;
  const beyond = codeBits === 16 && rip > 0xffff;
  const low = beyond ? 0x1_0000 : 0;
  const high = codeBits === 16 && !beyond ? Math.min(limit, 0xffff) : limit;
  const start = rip - pageOffset;
  if (!beyond && start >= low && start + PAGE_LAST <= high) return WHOLE_PAGE;
  return { first: Math.max(0, low - start), last: Math.min(PAGE_LAST, high - start), beyond };
}
