import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Scripts of the build that lie beside what they make. */
const scripts = new Set(['extension/media/render.ts', 'extension/configuration/writeContributions.ts']);

interface Import {
  readonly file: string;
  readonly typeOnly: boolean;
  /** A package's name, or a path from the project's root. */
  readonly target: string;
}

function imports(): Import[] {
  const files = readdirSync(join(root, 'extension'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `extension/${path.replaceAll('\\', '/')}`)
    .filter((path) => !scripts.has(path));
  return files.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/^import (type )?[^;]*?from '([^']+)';/gms)].map((match) => ({
      file,
      typeOnly: match[1] !== undefined,
      target: match[2]!.startsWith('.') ? posix.join(dirname(file), match[2]!) : match[2]!,
    })),
  );
}

describe('the extension', () => {
  it('reaches the adapter over DAP only: of its code it imports the protocol’s types', () => {
    const outside = imports().filter(({ target }) => target !== 'vscode' && !target.startsWith('extension/'));
    expect(outside.length).toBeGreaterThan(0);
    const allowed = new Set(['adapter/protocol.ts', '@vscode/debugprotocol']);
    expect(outside.filter(({ target, typeOnly }) => !allowed.has(target) || !typeOnly)).toEqual([]);
  });

  it('has models that know nothing of VS Code', () => {
    const models = imports().filter(({ file }) =>
      /\/(?:model|changes|format|row|resolve|attributes|labels|expressionAt)\.ts$/.test(file),
    );
    expect(models.length).toBeGreaterThan(3);
    expect(models.filter(({ target }) => target === 'vscode')).toEqual([]);
  });
});
