import { describe, expect, it } from 'vitest';
import { type ActiveDocument, resolveConfiguration, resolvePaths } from '../../extension/configuration/resolve.ts';

const source: ActiveDocument = { path: '/w/hello.s', languageId: 'x86-guest-asm', onDisk: true, hasBreakpoints: true };

describe('resolveConfiguration', () => {
  it('debugs the active source when there is no launch.json', () => {
    expect(resolveConfiguration({}, source)).toEqual({
      configuration: {
        type: 'shadowstep',
        name: 'Debug hello.s',
        request: 'launch',
        program: '/w/hello.s',
        stopOnEntry: false,
      },
    });
  });

  it('stops at the first instruction when no breakpoint is set', () => {
    const resolution = resolveConfiguration({}, { ...source, hasBreakpoints: false });
    expect(resolution).toMatchObject({ configuration: { stopOnEntry: true } });
  });

  it('takes sources by their extension too, whoever owns the language', () => {
    expect(resolveConfiguration({}, { ...source, path: 'C:\\w\\boot.S', languageId: 'gas' })).toMatchObject({
      configuration: { name: 'Debug boot.S' },
    });
  });

  it.each([
    [
      undefined,
      'There is nothing to debug: open an assembly source (.s, .S, .asm), or name a "program" in launch.json.',
    ],
    [
      { ...source, path: '/w/notes.md', languageId: 'markdown' },
      'notes.md is not an assembly source: open one (.s, .S, .asm), or name an ELF file as "program" in launch.json.',
    ],
    [{ ...source, onDisk: false }, 'hello.s is not saved to disk: save it first, then start again.'],
  ])('says why nothing can be started', (active, error) => {
    expect(resolveConfiguration({}, active)).toEqual({ error });
  });

  it('leaves a complete configuration as it is', () => {
    const given = { type: 'shadowstep', name: 'n', request: 'launch', program: '/w/a.elf', memory: 64 };
    expect(resolveConfiguration(given, undefined)).toEqual({ configuration: given });
  });

  it.each([undefined, '', 7])('asks for the program when it is %s', (program) => {
    const given = { type: 'shadowstep', name: 'mine', request: 'launch', program };
    expect(resolveConfiguration(given, source)).toEqual({
      error:
        'The launch configuration "mine" names no program: set "program" to an assembly source (.s, .S, .asm) or an ELF file.',
    });
  });

  it('refuses to attach', () => {
    const given = { type: 'shadowstep', name: 'n', request: 'attach', program: '/w/a.elf' };
    expect(resolveConfiguration(given, source)).toEqual({
      error: 'Shadowstep cannot "attach": it starts its own machine, so the request is "launch".',
    });
  });
});

describe('resolvePaths', () => {
  const absolute = (path: string): string => (path.startsWith('/') ? path : `/w/${path}`);

  it('takes relative files and folders to be of the workspace folder, and leaves everything else alone', () => {
    const given = { program: 'a.s', initrd: '/b', include: ['inc', '/sys'], append: 'x', cpu: 'tigerlake' };
    expect(resolvePaths(given, absolute)).toEqual({ ...given, program: '/w/a.s', include: ['/w/inc', '/sys'] });
  });

  it('leaves values of the wrong type and empty ones to the adapter', () => {
    const given = { program: '', initrd: 7, include: ['', 8] };
    expect(resolvePaths<Record<string, unknown>>(given, absolute)).toEqual(given);
  });
});
