/** What GNU tools print of a program, and a program image, in one form to compare. */
import type { CfaRule, FrameDescription, ProgramImage, RegisterRule } from '../../../../adapter/program/image.ts';

/** `main.c:12 0x100000 x`, or `- 0x100010` for the end of a sequence; sorted by address, order kept within one. */
export function readelfLines(text: string): string[] {
  const rows: { address: bigint; text: string }[] = [];
  let sequence: typeof rows = [];
  for (const line of text.split('\n')) {
    const match = /^(\S+)\s+(\d+|-)\s+(0x[0-9a-f]+|0)(?:\[\d+\])?((?:\s+\d+)?)(\s+x)?\s*$/.exec(line);
    if (!match) continue;
    const [, file, number, address, , statement] = match;
    if (number === '-') {
      sequence.push({ address: BigInt(address!), text: `- ${hexadecimal(BigInt(address!))}` });
      rows.push(...(sequence[0]!.address === 0n ? [] : sequence));
      sequence = [];
    } else {
      const shown = `${file}:${number} ${hexadecimal(BigInt(address!))}${statement ? ' x' : ''}`;
      sequence.push({ address: BigInt(address!), text: shown });
    }
  }
  return rows.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0)).map((row) => row.text);
}

export function imageLines(image: ProgramImage, bias = 0n): string[] {
  return image.lines.map(({ address, file, line, isStatement, endSequence }) =>
    endSequence
      ? `- ${hexadecimal(address - bias)}`
      : `${image.sources[file]!.split('/').at(-1)}:${line} ${hexadecimal(address - bias)}${isStatement ? ' x' : ''}`,
  );
}

/** Function ranges to their unwind rows, from `readelf --debug-dump=frames-interp`; the first section that has one wins. */
export function readelfFrames(text: string): Map<string, string[]> {
  // readelf prints .eh_frame first; the reader prefers .debug_frame.
  const sections = text
    .split(/^Contents of the /m)
    .sort((a, b) => Number(a.startsWith('.eh')) - Number(b.startsWith('.eh')));
  const frames = new Map<string, string[]>();
  for (const section of sections) {
    const cieRows = new Map<string, string>();
    for (const block of section.split(/\n\n+/)) {
      const entry =
        /^([0-9a-f]+) [0-9a-f]+ [0-9a-f]+ (?:(CIE)|FDE cie=([0-9a-f]+) pc=([0-9a-f]+)\.\.([0-9a-f]+))/m.exec(block);
      if (!entry) continue;
      const rows = parseRows(block.slice(entry.index));
      const [, offset, isCie, cie, start, end] = entry;
      if (isCie) {
        cieRows.set(offset!, rows[0]?.rules ?? '');
        continue;
      }
      const key = `${hexadecimal(BigInt(`0x${start}`))}-${hexadecimal(BigInt(`0x${end}`))}`;
      if (frames.has(key)) continue;
      // readelf prints no row for an FDE without instructions of its own.
      const all = rows.length > 0 ? rows : [{ address: BigInt(`0x${start}`), rules: cieRows.get(cie!) ?? '' }];
      frames.set(
        key,
        all.map(({ address, rules }) => `${hexadecimal(address)} ${rules}`),
      );
    }
  }
  return frames;
}

function parseRows(block: string): { address: bigint; rules: string }[] {
  const lines = block.split('\n').slice(1);
  const header = lines[0]?.trim().split(/\s+/) ?? [];
  return lines.slice(1).flatMap((line) => {
    const fields = line
      .replace(/r\d+ \((\w+)\)/g, '$1')
      .trim()
      .split(/\s+/);
    if (!/^[0-9a-f]{8,}$/.test(fields[0] ?? '')) return [];
    const rules = fields.slice(2).flatMap((rule, index) => (rule === 'u' ? [] : [`${header[index + 2]}=${rule}`]));
    return [{ address: BigInt(`0x${fields[0]}`), rules: [fields[1]!, ...rules].join(' ') }];
  });
}

const names64 = [
  'rax',
  'rdx',
  'rcx',
  'rbx',
  'rsi',
  'rdi',
  'rbp',
  'rsp',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
];
const names32 = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];

export function imageFrames(image: ProgramImage, bias = 0n): Map<string, string[]> {
  return new Map(
    image.frames.map((frame) => [
      `${hexadecimal(frame.start - bias)}-${hexadecimal(frame.end - bias)}`,
      frame.rows.map(({ address, cfa, registers }) => {
        const rules = [...registers]
          .filter(([, rule]) => rule.kind !== 'undefined')
          .sort(([a], [b]) => a - b)
          .map(([number, rule]) => `${nameOf(number, frame)}=${ruleText(rule, frame)}`);
        return [hexadecimal(address - bias), cfaText(cfa, frame), ...rules].join(' ');
      }),
    ]),
  );
}

function nameOf(number: number, frame: FrameDescription): string {
  if (number === frame.returnRegister) return 'ra';
  return (frame.returnRegister === 8 ? names32 : names64)[number] ?? `r${number}`;
}

const signed = (offset: bigint) => (offset < 0n ? `${offset}` : `+${offset}`);

function cfaText(cfa: CfaRule, frame: FrameDescription): string {
  return cfa.kind === 'expression' ? 'exp' : `${nameOf(cfa.register, frame)}${signed(cfa.offset)}`;
}

function ruleText(rule: RegisterRule, frame: FrameDescription): string {
  switch (rule.kind) {
    case 'undefined':
      return 'u';
    case 'same':
      return 's';
    case 'offset':
      return `c${signed(rule.offset)}`;
    case 'valueOffset':
      return `v${signed(rule.offset)}`;
    case 'register':
      return nameOf(rule.register, frame);
    case 'expression':
      return 'exp';
    case 'valueExpression':
      return 'vexp';
  }
}

/** `nm -S` lines as `address size letter name`, without undefined symbols. */
export function nmSymbols(text: string): Map<string, { address: bigint; size: bigint; letter: string }> {
  const symbols = new Map<string, { address: bigint; size: bigint; letter: string }>();
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]+) (?:([0-9a-f]+) )?([A-Za-z]) (\S+)$/.exec(line);
    if (!match || match[3] === 'U') continue;
    symbols.set(match[4]!, {
      address: BigInt(`0x${match[1]}`),
      size: BigInt(`0x${match[2] ?? '0'}`),
      letter: match[3]!,
    });
  }
  return symbols;
}

const hexadecimal = (value: bigint) => `0x${value.toString(16)}`;
