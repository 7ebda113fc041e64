/** Index of the last of `count` ascending addresses that is at or before `address`; -1 when all are after it. */
export function lastAtOrBefore(count: number, addressOf: (index: number) => bigint, address: bigint): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (addressOf(middle) <= address) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
