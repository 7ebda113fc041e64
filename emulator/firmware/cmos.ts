const MEBIBYTE = 0x10_0000;
const BASE_KIB = 640;

/** What firmware leaves in the RTC's RAM, by index: equipment and memory sizes, and the checksum over them. */
export function cmosContents(memoryBytes: number, cpus: number): Map<number, number> {
  const contents = new Map<number, number>();
  const word = (index: number, value: number) => {
    contents.set(index, value & 0xff);
    contents.set(index + 1, (value >>> 8) & 0xff);
  };
  const extendedKib = Math.min((memoryBytes - MEBIBYTE) / 1024, 0xfc00);
  // An x87, no drives.
  contents.set(0x14, 0x02);
  word(0x15, BASE_KIB);
  word(0x17, extendedKib);
  word(0x30, extendedKib);
  // Above 16 MiB in units of 64 KiB; nothing lies above 4 GiB.
  word(0x34, Math.max(memoryBytes - 16 * MEBIBYTE, 0) / 0x1_0000);
  contents.set(0x5f, cpus - 1);
  let sum = 0;
  for (let index = 0x10; index <= 0x2d; index++) sum += contents.get(index) ?? 0;
  contents.set(0x2e, (sum >>> 8) & 0xff);
  contents.set(0x2f, sum & 0xff);
  return contents;
}
