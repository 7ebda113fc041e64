import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { alternation } from '../../syntaxes/alternation.ts';
import { grammar } from '../../syntaxes/grammar.ts';
import { mnemonics } from '../../syntaxes/mnemonics.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const file = 'syntaxes/x86-guest-asm.tmLanguage.json';

/** Runs a tool of vscode-tmgrammar-test; its report comes with the failure. */
async function tool(name: 'unit' | 'snapshot', files: readonly string[]): Promise<string> {
  const script = join(root, 'node_modules/vscode-tmgrammar-test/dist', `${name}.js`);
  const run = promisify(execFile)(process.execPath, [script, '--grammar', file, ...files], { cwd: root });
  const { stdout } = await run.catch((error: { stdout: string; stderr: string }) => {
    throw new Error(error.stdout + error.stderr);
  });
  return stdout;
}

describe('the grammar', () => {
  it('is what syntaxes/generate.ts writes (npm run grammar)', () => {
    const generated = JSON.parse(JSON.stringify(grammar(mnemonics())));
    expect(JSON.parse(readFileSync(join(root, file), 'utf8'))).toEqual(generated);
  });

  it.each(['test/syntaxes/att.s', 'test/syntaxes/intel.S'])('gives the scopes that %s states', async (source) => {
    expect(await tool('unit', [source])).toContain(source);
  });

  it('gives the scopes of the snapshots', async () => {
    await tool('snapshot', ['test/syntaxes/snapshots/att.s', 'test/syntaxes/snapshots/intel.S']);
  });

  it('knows every mnemonic that the samples use', () => {
    const known = new Set(Object.values(mnemonics()).flat());
    const prefix = /^(?:lock|rep|repe|repz|repne|repnz|notrack)\s+/;
    const unknown: string[] = [];
    const samples = join(root, 'extension/samples');
    for (const path of readdirSync(samples, { recursive: true, encoding: 'utf8' })) {
      if (!/\.s$/i.test(path)) continue;
      const text = readFileSync(join(samples, path), 'utf8');
      const macros = new Set([...text.matchAll(/^\s*\.macro\s+(\w+)/gm)].map((match) => match[1]!));
      for (const line of text.split('\n')) {
        const code = line.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/(?:#|\/\/).*/, '');
        for (const statement of code.split(';')) {
          const rest = statement.replace(/^\s*(?:[\w.$]+:\s*)*/, '').replace(prefix, '');
          const word = /^[a-z]\w*(?=\s|$)(?!\s*=)/i.exec(rest)?.[0].toLowerCase();
          if (word !== undefined && !known.has(word) && !macros.has(word)) unknown.push(`${path}: ${line.trim()}`);
        }
      }
    }
    expect(unknown).toEqual([]);
  });
});

describe('alternation', () => {
  const words = ['mov', 'movq', 'movabs', 'm', 'xchg', 'xor'];
  it('matches the words and nothing else', () => {
    const whole = new RegExp(`^${alternation(words)}$`);
    for (const word of words) expect(whole.test(word), word).toBe(true);
    for (const word of ['', 'mo', 'movqq', 'x', 'xorm']) expect(whole.test(word), word).toBe(false);
  });

  it('takes the longest word', () => {
    expect(new RegExp(alternation(words)).exec('movabs')?.[0]).toBe('movabs');
  });
});
