import { bench } from './cli/bench.ts';
import { RUN_USAGE, UsageError } from './cli/options.ts';
import { runGuest } from './cli/run.ts';
import { nodeHost } from './node/host.ts';
import { useBuiltStepModule } from './node/stepModule.ts';
import { ShadowstepSession } from './session/session.ts';

const USAGE = `${RUN_USAGE}

shadowstep dap        the Debug Adapter Protocol on stdin and stdout
shadowstep bench      speed of this machine on small loops
shadowstep --help     this text`;

async function main([command, ...rest]: readonly string[]): Promise<number | undefined> {
  switch (command) {
    case 'run':
      if (rest.includes('--help')) break;
      return runGuest(rest);
    case 'dap': {
      if (rest.length > 0) throw new UsageError(`${rest[0]} was not expected; dap takes no arguments.`);
      new ShadowstepSession(nodeHost).start(process.stdin, process.stdout);
      return undefined;
    }
    case 'bench':
      return bench(rest);
    case '--help':
    case '-h':
    case 'help':
      break;
    case undefined:
      throw new UsageError('A command is missing: run, dap or bench is expected; --help tells more.');
    default:
      throw new UsageError(`${command} is not a command; run, dap or bench is expected.`);
  }
  console.log(USAGE);
  return 0;
}

if (typeof __dirname === 'string') useBuiltStepModule(__dirname);

main(process.argv.slice(2)).then(
  (status) => {
    if (status !== undefined) process.exitCode = status;
  },
  (error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    console.error(`shadowstep: ${error.message}`);
    process.exitCode = 2;
  },
);
