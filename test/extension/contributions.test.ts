import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readLaunchArguments } from '../../adapter/session/launchArguments.ts';
import { launchAttributes } from '../../extension/configuration/attributes.ts';
import { breakpointLanguages, debuggerContribution } from '../../extension/configuration/debuggerContribution.ts';

const root = new URL('../../', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const contributes = manifest.contributes;

describe('package.json', () => {
  it('holds what the table of launch attributes generates (npm run contributions)', () => {
    expect(contributes.debuggers).toEqual([JSON.parse(JSON.stringify(debuggerContribution()))]);
    expect(contributes.breakpoints).toEqual(breakpointLanguages.map((language) => ({ language })));
  });

  it('describes every attribute and has every default', () => {
    const { properties } = contributes.debuggers[0].configurationAttributes.launch;
    expect(Object.keys(properties)).toEqual(Object.keys(launchAttributes));
    for (const [name, attribute] of Object.entries(launchAttributes)) {
      expect(properties[name].markdownDescription, name).toMatch(/\.$/);
      expect(properties[name].default, name).toEqual(attribute.default);
    }
  });

  it('has the defaults and the choices that the adapter has', () => {
    const program = '/w/guest.s';
    const filledIn: Record<string, unknown> = { ...readLaunchArguments({ program }) };
    const { memoryBytes, noDebug, ...known } = filledIn;
    expect(noDebug).toBe(false); // VS Code's own key, which no launch.json holds.
    expect(memoryBytes).toBe(128 * 2 ** 20);
    for (const [name, attribute] of Object.entries(launchAttributes)) {
      if (name !== 'program' && name !== 'memory') expect(known[name], name).toEqual(attribute.default);
      for (const choice of (attribute.schema.enum ?? []) as string[]) {
        expect(readLaunchArguments({ program, [name]: choice })).toMatchObject({ [name]: choice });
      }
    }
    expect(Object.keys(known).filter((name) => !(name in launchAttributes))).toEqual([]);
    expect(readLaunchArguments({ program, memory: launchAttributes.memory.default })).toMatchObject({ memoryBytes });
  });

  it('uses only attributes of the table in its snippets', () => {
    const known = new Set(['type', 'request', 'name', ...Object.keys(launchAttributes)]);
    const { configurationSnippets, initialConfigurations } = contributes.debuggers[0];
    for (const body of [...configurationSnippets.map((s: { body: object }) => s.body), ...initialConfigurations]) {
      expect(Object.keys(body).filter((key) => !known.has(key))).toEqual([]);
    }
  });

  it('declares every command that its menus, views and walkthrough name', () => {
    const declared = new Set(contributes.commands.map((one: { command: string }) => one.command));
    const used = new Set<string>();
    for (const items of Object.values<{ command: string }[]>(contributes.menus)) {
      for (const item of items) used.add(item.command);
    }
    for (const { command } of contributes.keybindings) used.add(command);
    for (const match of JSON.stringify(contributes).matchAll(/command:(shadowstep\.[\w.]+)/gi)) used.add(match[1]!);
    // VS Code makes a focus command for every view.
    const views = contributes.views.debug.map((view: { id: string }) => `${view.id}.focus`);
    expect([...used].filter((command) => !declared.has(command) && !views.includes(command))).toEqual([]);
  });

  it('names files that exist', () => {
    const paths = [...JSON.stringify(contributes).matchAll(/"(\.\/[^"]+|extension\/media\/[^"]+)"/g)].map(
      (match) => match[1]!,
    );
    expect(paths.length).toBeGreaterThan(3);
    expect([...paths, manifest.icon].filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
  });
});
