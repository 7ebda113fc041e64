import type { RegisterValues } from './image.ts';

/** Where the code and data segments stand in the loader's GDT. */
export interface Selectors {
  readonly code: number;
  readonly data: number;
}

const SELECTORS: Selectors = { code: 0x08, data: 0x10 };
/** __BOOT_CS and __BOOT_DS of the Linux boot protocol. */
export const LINUX_SELECTORS: Selectors = { code: 0x10, data: 0x18 };

/**
 * Descriptors as quadwords (SDM Vol. 3A §3.4.5), accessed bits set so that loading them writes nothing. The same
 * attributes stand in `*_ATTRIBUTES` in the form of VMCS access rights (SDM Vol. 3C Table 25-2).
 */
const CODE_64 = 0x00af_9b00_0000_ffffn;
const CODE_32 = 0x00cf_9b00_0000_ffffn;
const DATA_32 = 0x00cf_9300_0000_ffffn;
const CODE_64_ATTRIBUTES = 0xa09bn;
const CODE_32_ATTRIBUTES = 0xc09bn;
const DATA_ATTRIBUTES = 0xc093n;

export const GDT_BYTES = 24;

export function gdt(code: 32 | 64, selectors = SELECTORS): Uint8Array {
  const bytes = new Uint8Array(selectors.data + 8);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(selectors.code, code === 64 ? CODE_64 : CODE_32, true);
  view.setBigUint64(selectors.data, DATA_32, true);
  return bytes;
}

/** GDTR and all six segment registers, selector and hidden part. */
export function flatSegments(code: 32 | 64, gdtAddress: number, selectors = SELECTORS): RegisterValues {
  const registers: [string, bigint][] = [
    ['gdtr.base', BigInt(gdtAddress)],
    ['gdtr.limit', BigInt(selectors.data + 7)],
  ];
  for (const name of ['cs', 'ss', 'ds', 'es', 'fs', 'gs']) {
    const attributes = code === 64 ? CODE_64_ATTRIBUTES : CODE_32_ATTRIBUTES;
    registers.push(
      [name, BigInt(name === 'cs' ? selectors.code : selectors.data)],
      [`${name}.base`, 0n],
      [`${name}.limit`, 0xffff_ffffn],
      [`${name}.attributes`, name === 'cs' ? attributes : DATA_ATTRIBUTES],
    );
  }
  return registers;
}
