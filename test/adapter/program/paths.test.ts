import { describe, expect, it } from 'vitest';
import { directoryOf, joinPath } from '../../../adapter/program/paths.ts';

describe('paths of producers', () => {
  it.each([
    ['/guest', 'main.c', '/guest/main.c'],
    ['/guest/', './include//a.h', '/guest/include/a.h'],
    ['/guest/build', '../main.c', '/guest/main.c'],
    ['/guest', '/usr/include/a.h', '/usr/include/a.h'],
    ['/', '../../a.c', '/a.c'],
    ['', '../a.c', '../a.c'],
    ['', '../../a/../b.c', '../../b.c'],
    ['C:\\guest', 'main.c', 'C:\\guest\\main.c'],
    ['C:\\guest\\build', '..\\sub\\main.c', 'C:\\guest\\sub\\main.c'],
    ['/guest', 'D:/sources/main.c', 'D:/sources/main.c'],
    ['/guest', '\\\\server\\share\\a.c', '\\\\server\\share\\a.c'],
  ])('%s and %s', (base, path, joined) => {
    expect(joinPath(base, path)).toBe(joined);
  });

  it.each([
    ['/guest/main.c', '/guest'],
    ['/main.c', '/'],
    ['main.c', ''],
    ['C:\\guest\\main.c', 'C:\\guest'],
  ])('the directory of %s', (path, directory) => {
    expect(directoryOf(path)).toBe(directory);
  });
});
