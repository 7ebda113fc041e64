/** A file of an initial RAM disk: `mode` has its type as well (octal 100755 a program, 040755 a directory). */
export interface InitrdFile {
  readonly name: string;
  readonly mode: number;
  readonly content?: Uint8Array;
}

/** An archive in cpio's "newc" format, as Linux unpacks it (Documentation/driver-api/early-userspace/buffer-format.rst). */
export function cpio(files: readonly InitrdFile[]): Uint8Array {
  const all = [...files, { name: 'TRAILER!!!', mode: 0 }];
  return new Uint8Array(Buffer.concat(all.flatMap((file, index) => entry(file, index + 1))));
}

function entry({ name, mode, content = new Uint8Array() }: InitrdFile, inode: number): Uint8Array[] {
  const links = 1;
  // Inode, mode, user, group, links, time, size, four device numbers, length of the name, checksum.
  const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`;
  return [padded(new TextEncoder().encode(header)), padded(content)];
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array((bytes.length + 3) & ~3);
  whole.set(bytes);
  return whole;
}
