import { CpuidFeature } from 'iced-x86';
import { type SixteenCase, sixteenCase } from './cases.ts';

export const FILE = new URL('../data/integer16.bin.gz', import.meta.url);

export const caseAt = (index: number): SixteenCase =>
  sixteenCase(index, (instruction) => Array.from(instruction.cpuidFeatures(), (f) => CpuidFeature[f]!));
