import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { INITIALIZE, start } from './client.ts';

/** Behind each capability that is claimed: the file here and the title of the test that shows it at work. */
const TESTS: Readonly<Record<string, readonly [file: string, title: string]>> = {
  supportsConfigurationDoneRequest: ['lifecycle', 'stops at the first instruction with stopOnEntry'],
  supportsFunctionBreakpoints: ['breakpoints', 'by function stop at a symbol'],
  supportsConditionalBreakpoints: ['breakpoints', 'with conditions stops only where they hold'],
  supportsHitConditionalBreakpoints: ['breakpoints', 'with hit conditions counts'],
  supportsLogPoints: ['breakpoints', 'with a log message prints and goes on'],
  supportsInstructionBreakpoints: ['breakpoints', 'by instruction stop at reference plus offset'],
  supportsBreakpointLocationsRequest: ['breakpoints', 'breakpointLocations lists the lines that hold code'],
  supportsEvaluateForHovers: ['evaluate', 'answers in the context %s'],
  supportsClipboardContext: ['evaluate', 'answers in the context %s'],
  supportsCompletionsRequest: ['evaluate', 'completes commands, registers and symbols'],
  completionTriggerCharacters: ['evaluate', 'completes commands, registers and symbols'],
  supportsSetVariable: ['variables', 'take any expression, and show the new value'],
  supportsSetExpression: ['variables', 'write registers, parts of registers and memory by expression'],
  supportsGotoTargetsRequest: ['stepping', 'sets the next statement'],
  supportsSteppingGranularity: ['stepping', 'stepIn takes one iteration of a REP, next the rest'],
  supportsRestartRequest: ['lifecycle', 'assembles the source again'],
  supportsTerminateRequest: ['lifecycle', 'terminate stops a running guest'],
  supportTerminateDebuggee: ['lifecycle', 'disconnect with terminateDebuggee ends a running guest and the adapter'],
  supportsDelayedStackTraceLoading: ['stack', 'pages: startFrame and levels'],
  supportsLoadedSourcesRequest: ['lifecycle', 'loadedSources lists the files of the program'],
  supportsReadMemoryRequest: ['memory', 'reads at reference plus offset'],
  supportsWriteMemoryRequest: ['memory', 'writes, and tells by the very reference that was read'],
  supportsDisassembleRequest: ['disassembly', 'returns exactly the rows asked for, contiguous, the base among them'],
  supportsExceptionInfoRequest: [
    'exceptions',
    'stop before #CP by default, at the RET, with expected and actual address in words',
  ],
  supportsExceptionFilterOptions: ['exceptions', 'by vector, with a condition'],
  exceptionBreakpointFilters: ['exceptions', 'by vector, with a condition'],
};

const here = dirname(fileURLToPath(import.meta.url));

it('every capability in the answer to initialize has a test here', async () => {
  const client = await start();
  const { body } = await client.initializeRequest(INITIALIZE);
  const claimed = Object.entries(body as object)
    .filter(([, value]) => value !== false)
    .map(([name]) => name);
  expect(claimed.sort()).toEqual(Object.keys(TESTS).sort());
  for (const [file, title] of Object.values(TESTS)) {
    expect(readFileSync(join(here, `${file}.test.ts`), 'utf8')).toContain(`'${title}'`);
  }
});
