/** `x86/unittests.cfg`: the suite's list of tests. Each is an image with arguments, processors, memory and a CPU. */

export const ARCHITECTURES = ['x86_64', 'i386'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

export interface UnitTest {
  readonly name: string;
  /** The image's file name, ending in `.flat`. */
  readonly file: string;
  /** The only architecture that the test is for; all when absent. */
  readonly arch?: Architecture;
  readonly processors: number;
  /** The guest's command line, without the program's name. */
  readonly append: string;
  /** QEMU's model (`max`, `qemu64`, …) and the features added to or taken from it, in QEMU's names. */
  readonly cpu: { readonly model: string; readonly features: Readonly<Record<string, boolean | string>> };
  readonly memoryMiB?: number;
  readonly groups: readonly string[];
  /** Seconds that the suite grants on its own machines. */
  readonly timeout?: number;
  /** The rest of `qemu_params`, for a run under QEMU. */
  readonly qemuParameters: string;
}

const KEYS = [
  ...['file', 'arch', 'smp', 'test_args', 'qemu_params', 'extra_params', 'groups', 'timeout', 'check', 'accel'],
  ...['machine', 'disabled_if'],
];

/** Reads the list. @throws Error naming the line that it does not understand */
export function parseConfiguration(text: string): UnitTest[] {
  const sections: { name: string; values: Map<string, string> }[] = [];
  text.split('\n').forEach((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return;
    const header = /^\[([^\]]+)\]$/.exec(line);
    if (header) {
      sections.push({ name: header[1]!, values: new Map() });
      return;
    }
    const pair = /^(\w+)\s*=\s*(.*)$/.exec(line);
    if (!pair || !KEYS.includes(pair[1]!) || sections.length === 0)
      throw new Error(`unittests.cfg:${index + 1} is "${line}"; [name] or one of ${KEYS.join(', ')} = … is expected.`);
    sections.at(-1)!.values.set(pair[1]!, pair[2]!.trim());
  });
  return sections.map(({ name, values }) => toTest(name, values));
}

function toTest(name: string, values: ReadonlyMap<string, string>): UnitTest {
  const file = values.get('file');
  if (file === undefined) throw new Error(`[${name}] in unittests.cfg names no file.`);
  const arch = ARCHITECTURES.find((each) => each === values.get('arch'));
  const qemuParameters = values.get('qemu_params') ?? values.get('extra_params') ?? '';
  const memory = /(?:^|\s)-m (\d+)([gG]?)/.exec(qemuParameters);
  const timeout = values.get('timeout');
  return {
    name,
    file,
    processors: Number(values.get('smp') ?? '1'),
    append: unquote(values.get('test_args') ?? ''),
    cpu: parseCpu(/(?:^|\s)-cpu (\S+)/.exec(qemuParameters)?.[1] ?? 'qemu64'),
    groups: values.get('groups')?.split(/\s+/) ?? [],
    qemuParameters,
    ...(arch && { arch }),
    ...(memory && { memoryMiB: Number(memory[1]) * (memory[2] ? 1024 : 1) }),
    ...(timeout && { timeout: Number.parseInt(timeout, 10) }),
  };
}

function unquote(text: string): string {
  return text.replace(/^(['"])(.*)\1$/, '$2');
}

/** `max,+vmx,-pku,phys-bits=36`. */
function parseCpu(text: string): UnitTest['cpu'] {
  const [model, ...parts] = text.split(',');
  const features = parts.map((part): [string, boolean | string] => {
    const equals = part.indexOf('=');
    if (equals >= 0) return [part.slice(0, equals), part.slice(equals + 1)];
    return [part.replace(/^[+-]/, ''), !part.startsWith('-')];
  });
  return { model: model!, features: Object.fromEntries(features) };
}
