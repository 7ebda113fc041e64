import { nodeHost } from './node/host.ts';
import { useBuiltStepModule } from './node/stepModule.ts';
import { ShadowstepSession } from './session/session.ts';

// In a bundle __dirname is the folder of the bundle; run from sources there is none.
if (typeof __dirname === 'string') useBuiltStepModule(__dirname);

/** The debug adapter executable: the Debug Adapter Protocol on stdin and stdout. */
const session = new ShadowstepSession(nodeHost);
process.on('SIGTERM', () => session.shutdown());
session.start(process.stdin, process.stdout);
