import { expect, it } from 'vitest';
import { InstructionDecoder } from '../../../emulator/cpu/decode/decoder.ts';
import { loadStepModule } from '../../../emulator/cpu/engine/loadStepModule.ts';

const [CODE_64, CODE_32] = [2, 1];
const decoder = () => new InstructionDecoder(loadStepModule().module.handlers, { has: () => true });
const bytes = (...first: number[]) => Uint8Array.from([...first, ...new Array<number>(15 - first.length).fill(0x90)]);

it('gives what was decoded before for the same bytes at the same place in the same context alone', () => {
  const decode = decoder();
  const jump = decode.decode(bytes(0xeb, 0x10), 0x100, CODE_64);
  expect(jump).toMatchObject({ length: 2, offset: 0x100, immediateLow: 0x112 });
  expect(decode.decode(bytes(0xeb, 0x10), 0x100, CODE_64)).toBe(jump);
  expect(decode.decode(bytes(0xeb, 0x11), 0x100, CODE_64)).toMatchObject({ immediateLow: 0x113 });
  expect(decode.decode(bytes(0xeb, 0x10), 0x101, CODE_64)).toMatchObject({ offset: 0x101, immediateLow: 0x113 });
  // 48h is a prefix or DEC.
  expect(decode.decode(bytes(0x48, 0x89, 0xc3), 0, CODE_64)).toMatchObject({ length: 3 });
  expect(decode.decode(bytes(0x48, 0x89, 0xc3), 0, CODE_32)).toMatchObject({ length: 1 });
});

it('takes bytes for what they are when more follow', () => {
  const decode = decoder();
  expect(decode.decode(Uint8Array.of(0xe8, 1, 2), 0xffd, CODE_64)).toBeUndefined();
  expect(decode.decode(bytes(0xe8, 1, 2), 0xffd, CODE_64)).toMatchObject({ length: 5 });
  expect(decode.decode(Uint8Array.of(0xe8, 1, 2), 0xffd, CODE_64)).toBeUndefined();
});
