/** Holds a program image against what GNU tools say of the same file. */
import { expect } from 'vitest';
import type { ProgramImage } from '../../../../adapter/program/image.ts';
import type { record } from './builds.ts';
import { imageFrames, imageLines, nmSymbols, readelfFrames, readelfLines } from './oracle.ts';

/** `bias` is what loading added to the addresses of the file. */
export function expectAgreement(image: ProgramImage, said: ReturnType<typeof record>, bias: bigint): void {
  expectLines(image, said, bias);
  expectFrames(image, said, bias);
  expectSymbols(image, said, bias);
}

export function expectLines(image: ProgramImage, said: { lines: string }, bias: bigint): void {
  const lines = readelfLines(said.lines);
  expect(lines.length).toBeGreaterThan(10);
  expect(imageLines(image, bias)).toEqual(lines);
}

export function expectFrames(image: ProgramImage, said: { frames: string }, bias: bigint): void {
  const frames = readelfFrames(said.frames);
  expect(frames.size).toBeGreaterThan(2);
  const found = imageFrames(image, bias);
  expect([...found.keys()].sort()).toEqual([...frames.keys()].sort());
  for (const [range, rows] of frames) expect(found.get(range), range).toEqual(rows);
}

function expectSymbols(image: ProgramImage, said: { symbols: string }, bias: bigint): void {
  const symbols = nmSymbols(said.symbols);
  expect(symbols.size).toBeGreaterThan(5);
  for (const [name, { address, size, letter }] of symbols) {
    const symbol = image.symbols.find((each) => each.name === name);
    expect(symbol, name).toMatchObject({ size, global: letter === letter.toUpperCase() });
    expect(symbol!.address - (letter === 'A' ? 0n : bias), name).toBe(address);
    if (letter === 'A') expect(symbol!.kind).toBe('absolute');
  }
}
