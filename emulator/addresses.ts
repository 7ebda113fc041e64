/**
 * The three kinds of address of a virtualised x86 machine, kept apart by brand.
 *
 * `bigint` is used between the adapter and `emulator/debug`; inside the emulator an address is a wasm i64, or, for
 * host-physical addresses (always below 4 GiB here), a JavaScript number.
 */
declare const brand: unique symbol;

/** A linear address: after segmentation, before paging (SDM Vol. 3A §3.1). */
export type LinearAddress = bigint & { readonly [brand]: 'linear' };
/** A guest-physical address: after the guest's paging, before EPT. */
export type GuestPhysicalAddress = bigint & { readonly [brand]: 'guestPhysical' };
/** A host-physical address: an offset into the machine's own memory map. Below 2^32. */
export type HostPhysicalAddress = number & { readonly [brand]: 'hostPhysical' };

export const linear = (value: bigint): LinearAddress => BigInt.asUintN(64, value) as LinearAddress;
export const guestPhysical = (value: bigint): GuestPhysicalAddress => value as GuestPhysicalAddress;
export const hostPhysical = (value: number): HostPhysicalAddress => (value >>> 0) as HostPhysicalAddress;
