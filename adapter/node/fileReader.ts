import { readFile } from 'node:fs/promises';
import type { FileReader } from '../program/image.ts';

/** What Node says when there is no such file, or the path leads through or to something that is no file. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'EISDIR']);

export const nodeFileReader: FileReader = {
  async read(path) {
    try {
      return new Uint8Array(await readFile(path));
    } catch (error) {
      if (error instanceof Error && 'code' in error && ABSENT.has(String(error.code))) return undefined;
      throw error;
    }
  },
};
