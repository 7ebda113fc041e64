import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inScratch } from './gas.ts';

/** What GNU as and ld make of a source: section bytes at given addresses, symbols and line rows. */
export interface GnuProgram {
  readonly sections: Readonly<Record<string, string>>;
  readonly symbols: Readonly<Record<string, string>>;
  /** "address file:line", as readelf decodes .debug_line; empty where the source gives no code. */
  readonly lines: readonly string[];
}

/**
 * Assembles `files[main]` and links it with each section at its address. Undefined when GNU as refuses the source.
 * `.S` sources go through gcc's preprocessor.
 */
export function gnuProgram(
  main: string,
  files: Readonly<Record<string, string>>,
  addresses: Readonly<Record<string, bigint>>,
): GnuProgram | string {
  return inScratch((folder) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text, 'latin1');
    }
    const run = main.endsWith('.S')
      ? spawnSync('gcc', ['-c', '-Wa,-g', '-o', 'object.o', main], { cwd: folder, encoding: 'utf8' })
      : spawnSync('as', ['-g', '-o', 'object.o', main], { cwd: folder, encoding: 'utf8' });
    if (run.status !== 0) return run.stderr;
    const placed = Object.entries(addresses).map(([name, address]) => {
      const commons = name === '.bss' ? ' *(COMMON)' : '';
      return `  ${name} 0x${address.toString(16)} : { KEEP(*(${name}))${commons} }\n`;
    });
    writeFileSync(join(folder, 'script.ld'), `SECTIONS\n{\n${placed.join('')}}\n`);
    const link = spawnSync(
      'ld',
      ['-static', '--no-relax', '--no-check-sections', '-e', '0', '-T', 'script.ld', '-o', 'program', 'object.o'],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    );
    if (link.status !== 0) return link.stderr;
    const sections: Record<string, string> = {};
    for (const name of Object.keys(addresses)) {
      const out = join(folder, 'section.bin');
      writeFileSync(out, '');
      execFileSync('objcopy', ['-O', 'binary', `--only-section=${name}`, 'program', out], {
        cwd: folder,
        stdio: 'ignore',
      });
      sections[name] = existsSync(out) ? readFileSync(out).toString('hex') : '';
    }
    const symbols: Record<string, string> = {};
    for (const row of execFileSync('nm', ['program'], { cwd: folder, encoding: 'utf8' }).split('\n')) {
      const match = /^([0-9a-f]+) [a-zA-Z] (.+)$/.exec(row);
      if (match !== null) symbols[match[2]!] = match[1]!.replace(/^0+(?=.)/, '');
    }
    const decoded = execFileSync('objdump', ['--dwarf=decodedline', 'program'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const lines: string[] = [];
    for (const row of decoded.split('\n')) {
      const match = /^(\S+)\s+(\d+|-)\s+(0x[0-9a-f]+|0)\b/.exec(row);
      if (match !== null)
        lines.push(`${match[3]!.replace('0x', '')} ${match[2] === '-' ? 'end' : `${match[1]}:${match[2]}`}`);
    }
    return { sections, symbols, lines };
  });
}
