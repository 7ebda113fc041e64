import { assemblyLanguage, debugType } from '../names.ts';
import { launchAttributes } from './attributes.ts';

/** The part of a debug configuration that is looked at before the session starts. */
export interface Configuration {
  type: string;
  name: string;
  request: string;
  [key: string]: unknown;
}

/** The document in the active editor. */
export interface ActiveDocument {
  readonly path: string;
  readonly languageId: string;
  /** False for untitled documents and those of virtual file systems, which the adapter cannot read. */
  readonly onDisk: boolean;
  /** Whether a breakpoint that is on lies anywhere: then the guest runs to it, otherwise it stops at its first instruction. */
  readonly hasBreakpoints: boolean;
}

export type Resolution = { readonly configuration: Configuration } | { readonly error: string };

const sourceName = /\.(s|asm)$/i;

export function isGuestSource(document: ActiveDocument): boolean {
  return document.languageId === assemblyLanguage || sourceName.test(document.path);
}

/**
 * Completes a configuration: an empty one (F5 without a launch.json) debugs the active editor's source from 64-bit
 * mode. Values are left to the adapter, which judges them for every client.
 */
export function resolveConfiguration(given: Partial<Configuration>, active: ActiveDocument | undefined): Resolution {
  const isEmpty = !given.request && !given.name;
  if (!isEmpty) {
    const configuration = {
      ...given,
      type: given.type ?? debugType,
      name: given.name ?? 'Shadowstep',
      request: given.request ?? 'launch',
    };
    if (configuration.request !== 'launch') {
      return {
        error: `Shadowstep cannot "${configuration.request}": it starts its own machine, so the request is "launch".`,
      };
    }
    if (typeof given.program === 'string' && given.program.trim() !== '') return { configuration };
    return {
      error: `The launch configuration "${configuration.name}" names no program: set "program" to an assembly source (.s, .S, .asm) or an ELF file.`,
    };
  }
  if (!active)
    return {
      error: 'There is nothing to debug: open an assembly source (.s, .S, .asm), or name a "program" in launch.json.',
    };
  if (!isGuestSource(active)) {
    return {
      error: `${baseName(active.path)} is not an assembly source: open one (.s, .S, .asm), or name an ELF file as "program" in launch.json.`,
    };
  }
  if (!active.onDisk)
    return { error: `${baseName(active.path)} is not saved to disk: save it first, then start again.` };
  return {
    configuration: {
      type: debugType,
      name: `Debug ${baseName(active.path)}`,
      request: 'launch',
      program: active.path,
      stopOnEntry: !active.hasBreakpoints,
    },
  };
}

/** The configuration with its relative files and folders made absolute by `absolute`. What is no string stays. */
export function resolvePaths<T extends Record<string, unknown>>(
  configuration: T,
  absolute: (path: string) => string,
): T {
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    return typeof value === 'string' && value !== '' ? absolute(value) : value;
  };
  const paths = Object.entries(launchAttributes).filter(([name, { isPath }]) => isPath && name in configuration);
  return { ...configuration, ...Object.fromEntries(paths.map(([name]) => [name, resolve(configuration[name])])) };
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}
