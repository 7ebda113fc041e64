import type { LinuxHeader } from '../../emulator/loaders/image.ts';
import type { ProgramImage } from './image.ts';

/** Offsets in a kernel image (Linux, Documentation/arch/x86/boot.rst). */
const SETUP_SECTORS = 0x1f1;
const BOOT_FLAG = 0x1fe;
const JUMP_OFFSET = 0x201;
const MAGIC = 0x202;
const VERSION = 0x206;
const LOAD_FLAGS = 0x211;
const CODE32_START = 0x214;
const RAMDISK_LIMIT = 0x22c;
const XLOAD_FLAGS = 0x236;
const COMMAND_LINE_SIZE = 0x238;
const PREFERRED_ADDRESS = 0x258;
const INIT_SIZE = 0x260;

const HDRS = 0x53726448;
const LOADED_HIGH = 0x01;
const KERNEL_64 = 0x0001;
/** Protocol versions that brought the fields above. */
const V2_02 = 0x0202;
const V2_03 = 0x0203;
const V2_06 = 0x0206;
const V2_10 = 0x020a;
const V2_12 = 0x020c;
const HIGH_ADDRESS = 0x10_0000;
const OLD_COMMAND_LINE = 255;
const OLD_RAMDISK_LIMIT = 0x37ff_ffff;
const SECTOR = 512;

/** A kernel image by the "HdrS" of its setup header, or undefined. Throws a sentence when it cannot be loaded. */
export function readLinux(bytes: Uint8Array): ProgramImage | undefined {
  if (bytes.length < 0x268) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (offset: number) => view.getUint32(offset, true);
  if (word(MAGIC) !== HDRS || view.getUint16(BOOT_FLAG, true) !== 0xaa55) return undefined;
  const version = view.getUint16(VERSION, true);
  if (version < V2_02 || (bytes[LOAD_FLAGS]! & LOADED_HIGH) === 0) {
    const found = `${version >>> 8}.${(version & 0xff).toString().padStart(2, '0')}`;
    throw new Error(
      `This kernel speaks version ${found} of the Linux boot protocol; 2.02 or later and a protected-mode part above 1 MiB are expected.`,
    );
  }
  const setupBytes = ((bytes[SETUP_SECTORS] || 4) + 1) * SECTOR;
  if (setupBytes >= bytes.length) throw new Error('This kernel image ends before its protected-mode part.');
  const data = bytes.slice(setupBytes);
  const preferred = version >= V2_10 ? Number(view.getBigUint64(PREFERRED_ADDRESS, true)) : 0;
  const address = BigInt(preferred || word(CODE32_START) || HIGH_ADDRESS);
  const initSize = version >= V2_10 ? word(INIT_SIZE) : 0;
  const linux: LinuxHeader = {
    setupHeader: bytes.slice(SETUP_SECTORS, Math.min(MAGIC + bytes[JUMP_OFFSET]!, bytes.length)),
    commandLineSize: version >= V2_06 ? word(COMMAND_LINE_SIZE) : OLD_COMMAND_LINE,
    ramdiskLimit: version >= V2_03 ? word(RAMDISK_LIMIT) : OLD_RAMDISK_LIMIT,
    entry64: version >= V2_12 && (view.getUint16(XLOAD_FLAGS, true) & KERNEL_64) !== 0,
  };
  return {
    ...flatProgram(data, address, 32),
    segments: [
      {
        ...{ physicalAddress: address, linearAddress: address, data, writable: true, executable: true },
        memorySize: BigInt(Math.max(data.length, initSize)),
      },
    ],
    linux,
  };
}

/** Bytes at an address, which is the entry; nothing more is known of them. */
export function flatProgram(data: Uint8Array, address: bigint, bits: 32 | 64): ProgramImage {
  const segment = { physicalAddress: address, linearAddress: address, data, memorySize: BigInt(data.length) };
  return {
    ...{ bits, entry: address, segments: [{ ...segment, writable: true, executable: true }] },
    ...{ sections: [], symbols: [], lines: [], sources: [], frames: [], warnings: [] },
  };
}
