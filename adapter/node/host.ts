import { Machine } from '../../emulator/machine.ts';
import type { SessionHost } from '../session/session.ts';
import { nodeFileReader } from './fileReader.ts';

/** What Node gives to a session: its file system, and machines of this process. */
export const nodeHost: SessionHost = {
  reader: nodeFileReader,
  createMachine: async (configuration) => Machine.create(configuration),
};
