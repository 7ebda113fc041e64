import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DebugClient } from '@vscode/debugadapter-testsupport';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { buildSync } from 'esbuild';
import { afterAll, afterEach } from 'vitest';
import { buildStepModule } from '../../emulator/cpu/engine/stepModule.ts';
import { toFiles } from '../../emulator/cpu/engine/stepModuleFile.ts';

const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '../..');
export const guest = (name: string): string => join(here, 'guests', name);
export const sample = (name: string): string => join(root, 'extension/samples', name, `${name}.s`);

const open: Client[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.stop()));
});

/** The adapter as one file, made from the sources once for each test file: a process of it starts in a moment. */
const bundle = join(root, `.cache/dap/${process.pid}`);
afterAll(() => rmSync(bundle, { recursive: true, force: true }));
mkdirSync(bundle, { recursive: true });
const adapter = join(bundle, 'adapter.cjs');
buildSync({
  ...{ absWorkingDir: root, entryPoints: ['adapter/main.ts'], outfile: adapter, logLevel: 'error' },
  ...{ bundle: true, format: 'cjs', platform: 'node', target: 'node20' },
});
// iced-x86 reads its module from beside itself.
const iced = dirname(createRequire(import.meta.url).resolve('iced-x86'));
copyFileSync(join(iced, 'iced_x86_bg.wasm'), join(bundle, 'iced_x86_bg.wasm'));
const stepTier = toFiles(buildStepModule());
writeFileSync(join(bundle, 'stepTier.wasm'), stepTier.wasm);
writeFileSync(join(bundle, 'stepTier.json'), stepTier.index);

/** The adapter process under test, as a client sees it. */
export class Client extends DebugClient {
  readonly events: DebugProtocol.Event[] = [];

  constructor() {
    super(process.execPath, adapter, 'shadowstep', { cwd: root });
    this.defaultTimeout = 30_000;
    for (const name of ['output', 'breakpoint', 'memory', 'invalidated', 'stopped', 'exited']) {
      this.on(name, (event: DebugProtocol.Event) => this.events.push(event));
    }
  }

  /** Everything that came as output events of a category. */
  output(category: string): string {
    return this.events
      .filter(
        (event): event is DebugProtocol.OutputEvent => event.event === 'output' && event.body.category === category,
      )
      .map((event) => event.body.output)
      .join('');
  }

  eventsNamed<Event extends DebugProtocol.Event>(name: string): Event[] {
    return this.events.filter((event): event is Event => event.event === name);
  }
}

export async function start(): Promise<Client> {
  const client = new Client();
  open.push(client);
  await client.start();
  return client;
}

export const INITIALIZE: DebugProtocol.InitializeRequestArguments = {
  ...{ adapterID: 'shadowstep', linesStartAt1: true, columnsStartAt1: true, pathFormat: 'path' },
  ...{ supportsInvalidatedEvent: true, supportsMemoryEvent: true, supportsMemoryReferences: true },
};

export interface LaunchOptions {
  readonly [key: string]: unknown;
  readonly program: string;
}

/** initialize and launch; nothing has run yet, breakpoints can be set. */
export async function load(options: LaunchOptions): Promise<Client> {
  const client = await start();
  await client.initializeRequest(INITIALIZE);
  const initialized = client.waitForEvent('initialized');
  await client.launchRequest(options as DebugProtocol.LaunchRequestArguments);
  await initialized;
  return client;
}

/** Stopped before the first instruction. */
export async function entered(program: string, options: object = {}): Promise<Client> {
  const client = await load({ program, stopOnEntry: true, ...options });
  await stopAfter(client, () => client.configurationDoneRequest());
  return client;
}

/** The `stopped` event that a request leads to. */
export async function stopAfter(
  client: Client,
  request: () => Promise<unknown>,
): Promise<DebugProtocol.StoppedEvent['body']> {
  const stopped = client.waitForEvent('stopped');
  await request();
  return (await stopped).body as DebugProtocol.StoppedEvent['body'];
}

/** Runs to a label or function by a breakpoint that is gone afterwards. */
export async function runTo(client: Client, name: string): Promise<DebugProtocol.StoppedEvent['body']> {
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name }] });
  const stopped = await stopAfter(client, () => client.continueRequest({ threadId: 1 }));
  await client.setFunctionBreakpointsRequest({ breakpoints: [] });
  return stopped;
}

export async function frames(client: Client): Promise<DebugProtocol.StackFrame[]> {
  return (await client.stackTraceRequest({ threadId: 1 })).body.stackFrames;
}

/** Line of the top frame. */
export async function line(client: Client): Promise<number> {
  return (await frames(client))[0]!.line;
}

export async function evaluate(
  client: Client,
  expression: string,
  context = 'watch',
  frameId?: number,
): Promise<string> {
  const { body } = await client.evaluateRequest({ expression, context, ...(frameId !== undefined && { frameId }) });
  return body.result;
}

/** The sentence with which a request fails. */
export async function failure(request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error('The request did not fail.');
}

/** 1-based line of the first line of a source that contains the text. */
export function lineOf(path: string, text: string): number {
  const index = readFileSync(path, 'utf8')
    .split('\n')
    .findIndex((each) => each.includes(text));
  if (index < 0) throw new Error(`${basename(path)} has no line with ${text}.`);
  return index + 1;
}

/** Line of the instruction after a label that stands on a line of its own. */
export function lineAfter(path: string, label: string): number {
  const index = readFileSync(path, 'utf8').split('\n').indexOf(`${label}:`);
  if (index < 0) throw new Error(`${basename(path)} has no label ${label} on a line of its own.`);
  return index + 2;
}
