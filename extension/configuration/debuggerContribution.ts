import { assemblyLanguage, debugType } from '../names.ts';
import { type Attribute, launchAttributes } from './attributes.ts';

/** Languages of other extensions in which a guest's source may be opened; F5 there starts Shadowstep too. */
const otherAssemblyLanguages = ['asm', 'gas', 'x86asm', 'asm-collection', 'asm-intel-x86-generic'];

/** Languages in whose editors a breakpoint may be set: assembly, and what gcc and clang make guests from. */
export const breakpointLanguages = [assemblyLanguage, ...otherAssemblyLanguages, 'c', 'cpp'];

function property(attribute: Attribute<unknown>): Record<string, unknown> {
  return {
    ...attribute.schema,
    ...(attribute.default === undefined ? {} : { default: attribute.default }),
    markdownDescription: attribute.description,
  };
}

interface Example {
  readonly label: string;
  readonly description: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const base = { type: debugType, request: 'launch' } as const;

const examples: readonly Example[] = [
  {
    label: 'Shadowstep: Assembly Source',
    description: 'Assemble the source in the active editor and debug it from 64-bit mode.',
    body: { ...base, name: 'Debug this guest source', program: `${'$'}{file}`, start: 'long64', stopOnEntry: true },
  },
  {
    label: 'Shadowstep: ELF',
    description: 'Debug an ELF file with its own line tables.',
    body: { ...base, name: 'Debug a guest ELF', program: `${'$'}{workspaceFolder}/guest.elf`, stopOnEntry: true },
  },
  {
    label: 'Shadowstep: Multiboot Image',
    description: 'Debug a multiboot 1 image with a command line.',
    body: {
      ...base,
      name: 'Debug a multiboot guest',
      program: `${'$'}{workspaceFolder}/guest.elf`,
      start: 'multiboot',
      append: '',
    },
  },
];

/** In a snippet's body `$` starts a tab stop, so VS Code's own variables are written `^"…\${file}…"`. */
function snippetBody(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [
      key,
      typeof value === 'string' && value.includes('$') ? `^"${value.replaceAll('$', '\\$')}"` : value,
    ]),
  );
}

/** `contributes.debuggers[0]` of package.json. */
export function debuggerContribution(): Record<string, unknown> {
  const attributes = Object.entries(launchAttributes) as [string, Attribute<unknown>][];
  return {
    type: debugType,
    label: 'Shadowstep',
    languages: [assemblyLanguage, ...otherAssemblyLanguages],
    configurationAttributes: {
      launch: {
        required: attributes.filter(([, attribute]) => attribute.required).map(([name]) => name),
        properties: Object.fromEntries(attributes.map(([name, attribute]) => [name, property(attribute)])),
      },
    },
    initialConfigurations: [examples[0]!.body],
    configurationSnippets: examples.map(({ label, description, body }) => ({
      label,
      description,
      body: snippetBody(body),
    })),
  };
}
