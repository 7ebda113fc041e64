/**
 * `npm run demo`: debugs the sample with the smashed return through the real adapter, as an editor would, and prints
 * what an editor would show. At the end it says how to see the same in VS Code.
 */
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DebugClient } from '@vscode/debugadapter-testsupport';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { ShadowStackBody } from '../adapter/protocol.ts';

const root = join(fileURLToPath(import.meta.url), '../..');
const program = join(root, 'extension/samples/supervisor-shadow-stack/supervisor-shadow-stack.s');
const client = new DebugClient(process.execPath, join(root, 'dist/adapter.cjs'), 'shadowstep', { cwd: root });
client.defaultTimeout = 30_000;

const say = (text: string) => console.log(text);
const thread = { threadId: 1 };

async function stopAfter(request: () => Promise<unknown>): Promise<void> {
  const stopped = client.waitForEvent('stopped');
  await request();
  await stopped;
}

async function topFrame(): Promise<DebugProtocol.StackFrame> {
  const { body } = await client.stackTraceRequest({ ...thread, startFrame: 0, levels: 1 });
  const frame = body.stackFrames[0];
  if (!frame) throw new Error('the adapter gave no stack frame');
  return frame;
}

async function show(what: string): Promise<void> {
  const frame = await topFrame();
  say(`\n${what}\n  at ${basename(frame.source?.path ?? '?')}:${frame.line}  (${frame.name})`);
}

async function shadowStack(): Promise<void> {
  const frame = await topFrame();
  const { body } = await client.customRequest('shadowstep/shadowStack', { frameId: frame.id, count: 4 });
  const stack = body as ShadowStackBody;
  say(`  SSP ${stack.ssp}`);
  for (const entry of stack.entries) {
    const mark = entry.mismatch ? `   <-- ${entry.mismatch.text}` : '';
    say(`    ${entry.address}  ${entry.value}  ${entry.symbol ?? entry.description}${mark}`);
  }
}

async function runTo(name: string): Promise<void> {
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name }] });
  await stopAfter(() => client.continueRequest(thread));
  await client.setFunctionBreakpointsRequest({ breakpoints: [] });
}

async function main(): Promise<void> {
  await client.start();
  client.on('output', (event: DebugProtocol.OutputEvent) => {
    if (event.body.category === 'stdout') process.stdout.write(`  guest says: ${event.body.output}`);
  });
  await client.initializeRequest({
    adapterID: 'shadowstep',
    linesStartAt1: true,
    columnsStartAt1: true,
    pathFormat: 'path',
  });
  const initialized = client.waitForEvent('initialized');
  await client.launchRequest({ program, stopOnEntry: true } as DebugProtocol.LaunchRequestArguments);
  await initialized;
  await stopAfter(() => client.configurationDoneRequest());
  await show('Stopped on entry.');
  await runTo('inner');
  await show('Stopped at a breakpoint on `inner`: two calls deep, on both stacks.');
  await shadowStack();
  await runTo('smashed_return');
  await show('Stopped before a RET whose return address was overwritten; nothing has faulted yet.');
  await shadowStack();
  await stopAfter(() => client.continueRequest(thread));
  await show('Going on: the RET raises #CP.');
  const { body } = await client.exceptionInfoRequest(thread);
  say(`  ${body.exceptionId}`);
  for (const line of (body.description ?? '').split('\n')) say(`    ${line}`);
  say('\nThe guest handles it:');
  const exited = client.waitForEvent('exited');
  await client.continueRequest(thread);
  const { exitCode } = (await exited).body as DebugProtocol.ExitedEvent['body'];
  say(`The guest ended with status ${exitCode}.`);
  await client.stop();
  say(`
To see this in VS Code:
  npm run package
  code --install-extension dist/shadowstep.vsix
then open extension/samples/supervisor-shadow-stack/supervisor-shadow-stack.s, click into the margin beside
the line of \`inner\`, and press F5. The Shadow Stack and CET views are in the Run and Debug side bar.`);
}

main().catch(async (error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  await client.stop();
  process.exitCode = 1;
});
