import { memoryMap } from '../firmware/memoryMap.ts';
import {
  type BootModule,
  type EntryState,
  type LoadableImage,
  LoadError,
  type LoadOptions,
  physicalEntry,
} from './image.ts';
import { Placement } from './placement.ts';
import { flat32 } from './protected32.ts';
import { GDT_BYTES, gdt } from './segments.ts';

/** Multiboot Specification 0.6.96. */
const BOOTLOADER_MAGIC = 0x2bad_b002n;
const INFO_MEMORY = 1 << 0;
const INFO_COMMAND_LINE = 1 << 2;
const INFO_MODULES = 1 << 3;
const INFO_MEMORY_MAP = 1 << 6;
const INFO_LOADER_NAME = 1 << 9;
/** Header flag bits 0–15 that a loader must understand: page-aligned modules, memory information. */
const KNOWN_REQUIREMENTS = 0x3;
const INFO_BYTES = 88;
const MODULE_ENTRY_BYTES = 16;
const MAP_ENTRY_BYTES = 24;

/** `multiboot`: EAX holds the magic, EBX points to the information structure; the rest is flat 32-bit mode. */
export function multiboot(image: LoadableImage, memoryBytes: number, options: LoadOptions): EntryState {
  const header = image.multiboot;
  if (header === undefined) {
    throw new LoadError('start is multiboot, but the first 8 KiB of the program hold no multiboot 1 header.');
  }
  const unknown = header.flags & 0xffff & ~KNOWN_REQUIREMENTS;
  if (unknown !== 0) {
    throw new LoadError(
      `The multiboot header requires features 0x${unknown.toString(16)}, which this loader does not have.`,
    );
  }
  const placement = new Placement(image, memoryBytes);
  const gdtAddress = placement.place('the GDT', GDT_BYTES);
  const modules = placeModules(placement, options.modules ?? []);
  const information = buildInformation(placement, memoryBytes, options.commandLine ?? '', modules);
  const entry = header.addresses ? BigInt(header.addresses.entryAddr >>> 0) : physicalEntry(image);
  return {
    memory: [
      { address: gdtAddress, data: gdt(32) },
      ...modules.map(({ address, module }) => ({ address, data: module.data })),
      information,
    ],
    registers: [...flat32(gdtAddress, entry), ['rax', BOOTLOADER_MAGIC], ['rbx', BigInt(information.address)]],
  };
}

type PlacedModule = { readonly address: number; readonly module: BootModule };

function placeModules(placement: Placement, modules: readonly BootModule[]): PlacedModule[] {
  return modules.map((module) => ({
    address: placement.place(`the boot module '${module.commandLine}'`, Math.max(module.data.length, 1)),
    module,
  }));
}

/** The structure, module list, memory map and strings in one block (§3.3). */
function buildInformation(
  placement: Placement,
  memoryBytes: number,
  commandLine: string,
  modules: readonly PlacedModule[],
): { address: number; data: Uint8Array } {
  const map = memoryMap(memoryBytes);
  const encoder = new TextEncoder();
  const strings = [commandLine, 'Shadowstep', ...modules.map(({ module }) => module.commandLine)].map((text) =>
    encoder.encode(`${text}\0`),
  );
  const modulesAt = INFO_BYTES;
  const mapAt = modulesAt + modules.length * MODULE_ENTRY_BYTES;
  const stringsAt = mapAt + map.length * MAP_ENTRY_BYTES;
  const size = strings.reduce((sum, { length }) => sum + length, stringsAt);
  const address = placement.place('the multiboot information', size);
  const data = new Uint8Array(size);
  const view = new DataView(data.buffer);
  const put = (offset: number, value: number) => view.setUint32(offset, value, true);

  const stringAddresses: number[] = [];
  let at = stringsAt;
  for (const bytes of strings) {
    stringAddresses.push(address + at);
    data.set(bytes, at);
    at += bytes.length;
  }
  put(0, INFO_MEMORY | INFO_COMMAND_LINE | INFO_MODULES | INFO_MEMORY_MAP | INFO_LOADER_NAME);
  put(4, 639);
  put(8, memoryBytes / 1024 - 1024);
  put(16, stringAddresses[0]!);
  put(20, modules.length);
  put(24, modules.length > 0 ? address + modulesAt : 0);
  put(44, map.length * MAP_ENTRY_BYTES);
  put(48, address + mapAt);
  put(64, stringAddresses[1]!);
  for (const [index, { address: start, module }] of modules.entries()) {
    const entry = modulesAt + index * MODULE_ENTRY_BYTES;
    put(entry, start);
    put(entry + 4, start + module.data.length);
    put(entry + 8, stringAddresses[2 + index]!);
  }
  for (const [index, { base, length, type }] of map.entries()) {
    const entry = mapAt + index * MAP_ENTRY_BYTES;
    put(entry, MAP_ENTRY_BYTES - 4); // The size field does not count itself.
    view.setBigUint64(entry + 4, BigInt(base), true);
    view.setBigUint64(entry + 12, BigInt(length), true);
    put(entry + 20, type);
  }
  return { address, data };
}
