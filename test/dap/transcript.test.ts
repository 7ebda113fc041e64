import { join } from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { expect, it } from 'vitest';
import { type Client, INITIALIZE, lineAfter, root, sample, start, stopAfter } from './client.ts';

/** Writes down what goes to and fro. Serial output comes in pieces of any size, so it is joined up to the next event. */
class Transcript {
  readonly lines: string[] = [];
  private output = '';

  constructor(private readonly client: Client) {
    for (const name of ['initialized', 'stopped', 'exited', 'terminated', 'breakpoint']) {
      client.on(name, (event: DebugProtocol.Event) => {
        this.flush();
        this.write(`<- ${name}`, event.body);
      });
    }
    client.on('output', ({ body }: DebugProtocol.OutputEvent) => {
      if (body.category === 'stdout') this.output += body.output;
    });
  }

  async request(command: string, args: object = {}): Promise<DebugProtocol.Response['body']> {
    this.write(`-> ${command}`, args);
    const { body } = await this.client.send(command, args);
    // What a stop brings is told by the events; the answers to these are empty or fixed.
    if (!['initialize', 'launch', 'configurationDone', 'continue', 'next', 'stepIn'].includes(command)) {
      this.write(`<- ${command}`, body);
    }
    return body;
  }

  private flush(): void {
    if (this.output !== '') this.lines.push(`<- serial ${JSON.stringify(this.output)}`);
    this.output = '';
  }

  private write(head: string, body: unknown): void {
    const text = body === undefined || JSON.stringify(body) === '{}' ? '' : ` ${JSON.stringify(body, null, 1)}`;
    this.lines.push(`${head}${text}`.replaceAll(root, '<root>').replace(/\n */g, ' '));
  }
}

it('the whole road: from a breakpoint to a smashed return and the exception that it raises', async () => {
  const program = sample('supervisor-shadow-stack');
  const client = await start();
  const transcript = new Transcript(client);
  const thread = { threadId: 1 };
  await transcript.request('initialize', INITIALIZE);
  const initialized = client.waitForEvent('initialized');
  await transcript.request('launch', { program });
  await initialized;
  const source = { path: program };
  await transcript.request('setBreakpoints', { source, breakpoints: [{ line: lineAfter(program, 'dishonest') }] });
  await stopAfter(client, () => transcript.request('configurationDone'));
  await transcript.request('threads');
  await transcript.request('stackTrace', thread);
  await transcript.request('shadowstep/shadowStack');
  await stopAfter(client, () => transcript.request('stepIn', thread));
  await stopAfter(client, () => transcript.request('next', thread));
  await stopAfter(client, () => transcript.request('next', thread));
  await transcript.request('stackTrace', thread);
  await transcript.request('shadowstep/shadowStack');
  await stopAfter(client, () => transcript.request('next', thread));
  await transcript.request('exceptionInfo', thread);
  await stopAfter(client, () => transcript.request('next', thread));
  await transcript.request('stackTrace', thread);
  await transcript.request('shadowstep/shadowStack');
  const terminated = client.waitForEvent('terminated');
  await transcript.request('continue', thread);
  await terminated;
  await expect(`${transcript.lines.join('\n')}\n`).toMatchFileSnapshot(join(root, 'test/dap/transcripts/road.txt'));
});
