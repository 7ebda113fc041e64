import type { DebugProtocol } from '@vscode/debugprotocol';
import { hostPhysical, linear } from '../../emulator/addresses.ts';
import { writeMemory } from './assign.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { type Family, handler } from './handlers.ts';
import { linearReference, physicalReference, resolveReference } from './references.ts';
import { RequestError } from './requestError.ts';

/** Clients ask in pages of any size; one answer holds at most this. */
const MOST_BYTES = 4 * 2 ** 20;
const MOST_REFERENCES = 64;

/** readMemory, writeMemory. */
export const memoryRequests: Family = {
  readMemory: handler(
    { memoryReference: 'string', count: 'number' },
    (state, args: DebugProtocol.ReadMemoryArguments) => {
      const { machine } = state.stopped;
      const { address: base, physical } = resolveReference(state, args.memoryReference);
      if (state.memoryReferences.size < MOST_REFERENCES) state.memoryReferences.add(args.memoryReference);
      const address = BigInt.asUintN(64, base + BigInt(args.offset ?? 0));
      const count = Math.min(Math.max(Math.trunc(args.count), 0), MOST_BYTES);
      const { data } = physical
        ? machine.readPhysical(hostPhysical(Number(address)), count)
        : machine.readLinear(linear(address), count);
      return {
        address: physical ? physicalReference(address) : linearReference(address),
        data: encodeBase64(data),
        ...(data.length < count && { unreadableBytes: count - data.length }),
      };
    },
  ),

  writeMemory: handler(
    { memoryReference: 'string', data: 'string' },
    (state, args: DebugProtocol.WriteMemoryArguments) => {
      const { machine } = state.stopped;
      const { address: base, physical } = resolveReference(state, args.memoryReference);
      const address = BigInt.asUintN(64, base + BigInt(args.offset ?? 0));
      const bytes = decodeBase64(args.data);
      if (bytes === undefined) throw new RequestError('data is not base64.');
      if (args.allowPartial !== true) {
        writeMemory(state, address, physical, bytes);
        return { bytesWritten: bytes.length };
      }
      const readable = physical
        ? machine.readPhysical(hostPhysical(Number(address)), bytes.length)
        : machine.readLinear(linear(address), bytes.length);
      const part = bytes.subarray(0, readable.data.length);
      if (part.length > 0) writeMemory(state, address, physical, part);
      return { bytesWritten: part.length };
    },
  ),
};
