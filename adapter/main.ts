import { nodeHost } from './node/host.ts';
import { ShadowstepSession } from './session/session.ts';

/** The debug adapter executable: the Debug Adapter Protocol on stdin and stdout. */
const session = new ShadowstepSession(nodeHost);
process.on('SIGTERM', () => session.shutdown());
session.start(process.stdin, process.stdout);
