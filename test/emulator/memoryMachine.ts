import type { MachineApi, RegisterDescription } from '../../emulator/api.ts';

/** What the parts under test need before anything runs: flat memory and registers. It executes nothing. */
export function memoryMachine(memoryBytes = 4 * 2 ** 20, bits: 16 | 32 | 64 = 64) {
  const memory = new Uint8Array(memoryBytes);
  const registers = new Map<string, bigint>();
  // 64-bit code in IA-32e mode, 32-bit code in protected mode, 16-bit code in real-address mode.
  const mode = new Map([
    ['cr0', bits === 16 ? 0n : 1n],
    ['efer', bits === 64 ? 0x500n : 0n],
    ['cs.attributes', bits === 64 ? 0x209bn : bits === 32 ? 0x409bn : 0x9bn],
    ['ss.attributes', bits === 32 ? 0x4093n : 0x93n],
  ]);
  const describe = (name: string): RegisterDescription => ({ name, group: 'general', bits: 64, description: name });
  const read = (address: bigint, length: number) => {
    const start = Math.min(Number(address), memory.length);
    const data = memory.slice(start, start + length);
    return data.length < length ? { data, sentence: 'Beyond RAM.' } : { data };
  };
  const write = (address: bigint, data: Uint8Array) => {
    if (Number(address) + data.length > memory.length) return 'Beyond RAM.';
    memory.set(data, Number(address));
    return undefined;
  };
  const absent = (): never => {
    throw new Error('This machine does not run.');
  };
  const machine: MachineApi = {
    configuration: { cpu: 'tigerlake', memoryBytes },
    steps: 0,
    ...{ vcpuCount: 1, currentVcpu: 0, selectedVcpu: 0, selectVcpu: () => {}, vcpuActivity: () => 'active' as const },
    vcpuCount: 1,
    currentVcpu: 0,
    selectedVcpu: 0,
    selectVcpu: () => {},
    vcpuActivity: () => 'active',
    run: absent,
    setBreakpoints: absent,
    setExceptionStops: absent,
    get registers() {
      return [...registers.keys()].map(describe);
    },
    readRegister: (name) => registers.get(name) ?? mode.get(name) ?? 0n,
    writeRegister: (name, value) => {
      registers.set(name, value);
      return undefined;
    },
    codeBits: () => bits,
    instructionAddress: () => (registers.get('rip') ?? 0n) as ReturnType<MachineApi['instructionAddress']>,
    translate: (address) =>
      address < BigInt(memoryBytes)
        ? { ok: true, physical: Number(address) as never }
        : { ok: false, errorCode: 0, sentence: 'Beyond RAM.' },
    explainTranslation: (address) => {
      const physical = address as bigint;
      const outcome = { ok: true, physical, pageBytes: 4096, sentence: 'Paging is off.' } as const;
      const access = { kind: 'read', privilege: 'supervisor' } as const;
      return { linear: address as never, access, mode: 'off', entries: [], outcome, now: outcome };
    },
    readLinear: read,
    writeLinear: write,
    readPhysical: (address, length) => read(BigInt(address), length),
    writePhysical: (address, data) => write(BigInt(address), data),
    onSerialOutput: () => {},
    onNotice: () => {},
    serialInput: () => {},
    snapshot: absent,
    restore: absent,
    stateHash: absent,
  };
  return { machine, memory, registers };
}
