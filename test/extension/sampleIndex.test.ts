import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sampleOf } from '../../extension/sampleIndex.ts';

describe('sampleOf', () => {
  it('reads title and summary from the first comment', async () => {
    const text = '# boot: a guest that boots.\n#\n# It does\n# one thing.\n#\n# And another.\n\n.text\n# no title\n';
    expect(await sampleOf('boot', ['boot.s'], async () => text)).toEqual({
      folder: 'boot',
      source: 'boot.s',
      title: 'A guest that boots.',
      summary: 'It does one thing.',
    });
  });

  it('opens the source that is named as the folder', async () => {
    const sample = await sampleOf('boot', ['a.inc', 'another.s', 'boot.S'], async () => 'nop\n');
    expect(sample).toMatchObject({ source: 'boot.S', title: 'Boot', summary: '' });
  });

  it('is undefined for a folder without a source', async () => {
    expect(await sampleOf('docs', ['README.md'], async () => '')).toBeUndefined();
  });

  const samples = new URL('../../extension/samples/', import.meta.url);
  it.each(readdirSync(samples))('the sample %s says what it shows', async (folder) => {
    const at = new URL(`${folder}/`, samples);
    const sample = await sampleOf(folder, readdirSync(at), async (file) => readFileSync(new URL(file, at), 'utf8'));
    expect(sample?.title).toMatch(/^[A-Z].{20,}\.$/);
    expect(sample?.summary).toMatch(/\.$/);
  });
});
