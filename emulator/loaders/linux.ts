import { ACPI_TABLES } from '../firmware/acpi.ts';
import { memoryMap } from '../firmware/memoryMap.ts';
import {
  type EntryState,
  type LinuxHeader,
  type LoadableImage,
  LoadError,
  type LoadOptions,
  type RegisterValues,
} from './image.ts';
import { IDENTITY_MAP_BYTES, identityMap, LONG_MODE } from './long64.ts';
import { Placement } from './placement.ts';
import { flat32 } from './protected32.ts';
import { flatSegments, GDT_BYTES, gdt, LINUX_SELECTORS } from './segments.ts';

/** Offsets in boot_params (Linux, Documentation/arch/x86/boot.rst and zero-page.rst). */
const PARAMETERS = {
  extendedMemoryKib: 0x002,
  videoMode: 0x006,
  videoColumns: 0x007,
  videoLines: 0x00e,
  isVga: 0x00f,
  fontHeight: 0x010,
  rsdp: 0x070,
  memoryKib: 0x1e0,
  e820Entries: 0x1e8,
  setupHeader: 0x1f1,
  loader: 0x210,
  ramdisk: 0x218,
  ramdiskSize: 0x21c,
  commandLine: 0x228,
  e820: 0x2d0,
} as const;
const PARAMETERS_BYTES = 0x1000;
const E820_ENTRY_BYTES = 20;
const UNKNOWN_LOADER = 0xff;
/** Where the 64-bit entry lies behind the 32-bit one. */
const ENTRY_64_OFFSET = 0x200n;
const PAGE = 0x1000;

/** `linux`: the 32-bit entry of the Linux boot protocol; ESI points to boot_params. */
export function linux(image: LoadableImage, memoryBytes: number, options: LoadOptions): EntryState {
  const { memory, gdtAddress, parameters } = prepare(image, memoryBytes, options, 32);
  return { memory, registers: [...flat32(gdtAddress, image.entry, LINUX_SELECTORS), ['rsi', parameters]] };
}

/** `linux64`: its 64-bit entry, with the low 4 GiB identity-mapped; RSI points to boot_params. */
export function linux64(image: LoadableImage, memoryBytes: number, options: LoadOptions): EntryState {
  if (image.linux && !image.linux.entry64) {
    throw new LoadError('start is linux64, but the kernel has no 64-bit entry (XLF_KERNEL_64); linux starts it.');
  }
  const { placement, memory, gdtAddress, parameters } = prepare(image, memoryBytes, options, 64);
  const tables = placement.place('page tables', IDENTITY_MAP_BYTES);
  const registers: RegisterValues = [
    ['cr3', BigInt(tables)],
    ...LONG_MODE,
    ...flatSegments(64, gdtAddress, LINUX_SELECTORS),
    ['rflags', 2n],
    ['rsi', parameters],
    ['rip', image.entry + ENTRY_64_OFFSET],
  ];
  return { memory: [...memory, { address: tables, data: identityMap(tables) }], registers };
}

/** The GDT, boot_params, command line and initial RAM disk. */
function prepare(image: LoadableImage, memoryBytes: number, options: LoadOptions, bits: 32 | 64) {
  const header = image.linux;
  if (header === undefined) {
    throw new LoadError('start is linux, but the program has no Linux setup header ("HdrS" at 0x202).');
  }
  const placement = new Placement(image, memoryBytes);
  const gdtAddress = placement.place('the GDT', GDT_BYTES + LINUX_SELECTORS.code - 8);
  const commandLine = commandLineBytes(header, options.commandLine ?? '');
  const commandLineAt = placement.place('the command line', commandLine.length);
  const parametersAt = placement.place('boot_params', PARAMETERS_BYTES);
  const memory = [
    { address: gdtAddress, data: gdt(bits, LINUX_SELECTORS) },
    { address: commandLineAt, data: commandLine },
  ];
  const ramdisk = options.modules?.[0];
  if ((options.modules?.length ?? 0) > 1) {
    throw new LoadError(`${options.modules!.length} modules were given; Linux takes one initial RAM disk.`);
  }
  const bytes = bootParameters(header, memoryBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(PARAMETERS.commandLine, commandLineAt, true);
  if (ramdisk) {
    const top = Math.floor(Math.min(memoryBytes, header.ramdiskLimit + 1) / PAGE) * PAGE;
    const size = Math.ceil(Math.max(ramdisk.data.length, 1) / PAGE) * PAGE;
    const at = placement.placeBelow('the initial RAM disk', top, size);
    view.setUint32(PARAMETERS.ramdisk, at, true);
    view.setUint32(PARAMETERS.ramdiskSize, ramdisk.data.length, true);
    memory.push({ address: at, data: ramdisk.data });
  }
  memory.push({ address: parametersAt, data: bytes });
  return { placement, memory, gdtAddress, parameters: BigInt(parametersAt) };
}

function commandLineBytes(header: LinuxHeader, text: string): Uint8Array {
  const bytes = new TextEncoder().encode(`${text}\0`);
  if (bytes.length - 1 > header.commandLineSize) {
    throw new LoadError(
      `The command line has ${bytes.length - 1} bytes; this kernel takes at most ${header.commandLineSize}.`,
    );
  }
  return bytes;
}

/** What a boot loader fills in: the kernel's own setup header, memory map, a text screen of 80 by 25, the RSDP. */
function bootParameters(header: LinuxHeader, memoryBytes: number): Uint8Array {
  const bytes = new Uint8Array(PARAMETERS_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(header.setupHeader, PARAMETERS.setupHeader);
  bytes[PARAMETERS.loader] = UNKNOWN_LOADER;
  const aboveKib = memoryBytes / 1024 - 1024;
  view.setUint16(PARAMETERS.extendedMemoryKib, Math.min(aboveKib, 0xfc00), true);
  view.setUint32(PARAMETERS.memoryKib, aboveKib, true);
  bytes[PARAMETERS.videoMode] = 3;
  bytes[PARAMETERS.videoColumns] = 80;
  bytes[PARAMETERS.videoLines] = 25;
  bytes[PARAMETERS.isVga] = 1;
  view.setUint16(PARAMETERS.fontHeight, 16, true);
  view.setUint32(PARAMETERS.rsdp, ACPI_TABLES, true);
  const map = memoryMap(memoryBytes);
  bytes[PARAMETERS.e820Entries] = map.length;
  for (const [index, { base, length, type }] of map.entries()) {
    const at = PARAMETERS.e820 + index * E820_ENTRY_BYTES;
    view.setBigUint64(at, BigInt(base), true);
    view.setBigUint64(at + 8, BigInt(length), true);
    view.setUint32(at + 16, type, true);
  }
  return bytes;
}
