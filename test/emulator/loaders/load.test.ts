import { describe, expect, it } from 'vitest';
import { type LoadableImage, LoadError } from '../../../emulator/loaders/image.ts';
import { defaultStart, loadGuest } from '../../../emulator/loaders/load.ts';
import { memoryMachine } from '../memoryMachine.ts';

const image = (address: bigint, size = 4n, extra: Partial<LoadableImage> = {}): LoadableImage => ({
  bits: 64,
  entry: address,
  segments: [
    { physicalAddress: address, linearAddress: address, data: Uint8Array.of(0x90, 0x90, 0xeb, 0xfe), memorySize: size },
  ],
  ...extra,
});

/** The linear-to-physical walk of SDM Vol. 3A §4.5 for 2-MiB pages, written apart from the loader. */
function walk(
  memory: Uint8Array,
  cr3: bigint,
  address: bigint,
): { physical: bigint; user: boolean; writable: boolean } {
  const view = new DataView(memory.buffer);
  const index = (shift: bigint) => Number((address >> shift) & 0x1ffn) * 8;
  const pml4e = view.getBigUint64(Number(cr3) + index(39n), true);
  const pdpte = view.getBigUint64(Number(pml4e & ~0xfffn) + index(30n), true);
  const pde = view.getBigUint64(Number(pdpte & ~0xfffn) + index(21n), true);
  expect([pml4e & 1n, pdpte & 0x81n, pde & 0x81n]).toEqual([1n, 1n, 0x81n]);
  const all = pml4e & pdpte & pde;
  return {
    physical: (pde & ~0x1f_ffffn) | (address & 0x1f_ffffn),
    user: (all & 4n) !== 0n,
    writable: (all & 2n) !== 0n,
  };
}

describe('long64', () => {
  it('maps the low 4 GiB to itself, writable, for the supervisor only', () => {
    const { machine, memory, registers } = memoryMachine();
    loadGuest(machine, image(0x10_0000n), 'long64');
    const cr3 = registers.get('cr3')!;
    for (const address of [0n, 0x10_0000n, 0x3fff_ffffn, 0x4000_0000n, 0xc012_3456n, 0xffff_ffffn]) {
      expect(walk(memory, cr3, address)).toEqual({ physical: address, user: false, writable: true });
    }
    expect(Number(cr3)).toBeGreaterThanOrEqual(0x8000);
    expect(Number(cr3)).toBeLessThan(0x10_0000);
  });

  it('enters 64-bit mode with flat segments that the GDT agrees with', () => {
    const { machine, memory, registers } = memoryMachine();
    loadGuest(machine, image(0x10_0000n), 'long64');
    expect(Object.fromEntries(registers)).toMatchObject({
      ...{ cr0: 0x8001_0033n, cr4: 0x620n, efer: 0xd01n, rflags: 2n, rip: 0x10_0000n, rsp: 0x8_0000n },
      ...{ cs: 8n, 'cs.attributes': 0xa09bn, ss: 16n, 'ss.attributes': 0xc093n, 'ds.limit': 0xffff_ffffn },
    });
    const view = new DataView(memory.buffer);
    const gdt = Number(registers.get('gdtr.base'));
    // The descriptor's bytes 5 and 6 hold what VMCS access rights hold (SDM Vol. 3A Figure 3-8).
    const rights = (selector: number) => {
      const descriptor = view.getBigUint64(gdt + selector, true);
      return (descriptor >> 40n) & 0xf0ffn;
    };
    expect(rights(8)).toBe(0xa09bn);
    expect(rights(16)).toBe(0xc093n);
  });

  it('keeps out of the way of an image below 1 MiB', () => {
    const { machine, memory, registers } = memoryMachine();
    const low = image(0x8000n, 0x7_8000n);
    loadGuest(machine, low, 'long64');
    expect([...memory.subarray(0x8000, 0x8004)]).toEqual([0x90, 0x90, 0xeb, 0xfe]);
    const inside = (address: bigint) => address >= 0x8000n && address < 0x8_0000n;
    for (const name of ['cr3', 'gdtr.base']) expect(inside(registers.get(name)!)).toBe(false);
    expect(inside(registers.get('rsp')! - 1n)).toBe(false);
  });
});

describe('multiboot', () => {
  const header = { multiboot: { flags: 3, fileOffset: 0 } };
  const load = (options = {}) => {
    const made = memoryMachine(64 * 2 ** 20);
    loadGuest(made.machine, image(0x10_0000n, 4n, header), 'multiboot', options);
    return { ...made, view: new DataView(made.memory.buffer), info: Number(made.registers.get('rbx')) };
  };
  const text = (memory: Uint8Array, address: number) =>
    new TextDecoder().decode(memory.subarray(address, memory.indexOf(0, address)));

  it('passes the magic, memory sizes, the command line and the map', () => {
    const { registers, memory, view, info } = load({ commandLine: 'guest.elf --fast' });
    expect(registers.get('rax')).toBe(0x2bad_b002n);
    expect(registers.get('cr0')! & 0x8000_0001n).toBe(1n);
    expect(info).toBeGreaterThanOrEqual(0x1000);
    const flags = view.getUint32(info, true);
    expect(flags & 0x4d).toBe(0x4d);
    expect(view.getUint32(info + 8, true)).toBe(63 * 1024);
    expect(text(memory, view.getUint32(info + 16, true))).toBe('guest.elf --fast');
    expect(view.getUint32(info + 20, true)).toBe(0);
    const [length, address] = [view.getUint32(info + 44, true), view.getUint32(info + 48, true)];
    let usable = 0n;
    for (let at = address; at < address + length; at += view.getUint32(at, true) + 4) {
      if (view.getUint32(at + 20, true) === 1) usable += view.getBigUint64(at + 12, true);
    }
    expect(usable).toBe(0x9_fc00n + 63n * 0x10_0000n);
  });

  it('places modules apart from image and information', () => {
    const data = new TextEncoder().encode('NR_CPUS=1\n');
    const { memory, view, info } = load({ modules: [{ data, commandLine: 'env' }] });
    expect(view.getUint32(info + 20, true)).toBe(1);
    const list = view.getUint32(info + 24, true);
    const [start, end] = [view.getUint32(list, true), view.getUint32(list + 4, true)];
    expect(new TextDecoder().decode(memory.subarray(start, end))).toBe('NR_CPUS=1\n');
    expect(text(memory, view.getUint32(list + 8, true))).toBe('env');
  });

  it('refuses an image without a header, and requirements that it does not know', () => {
    const { machine } = memoryMachine();
    expect(() => loadGuest(machine, image(0x10_0000n), 'multiboot')).toThrow('hold no multiboot 1 header');
    const video = image(0x10_0000n, 4n, { multiboot: { flags: 4 } });
    expect(() => loadGuest(machine, video, 'multiboot')).toThrow('The multiboot header requires features 0x4');
  });
});

describe('any start', () => {
  it('is chosen by the program', () => {
    expect(defaultStart(image(0n))).toBe('long64');
    expect(defaultStart(image(0n, 4n, { bits: 32 }))).toBe('protected32');
    expect(defaultStart(image(0n, 4n, { bits: 32, multiboot: { flags: 0 } }))).toBe('multiboot');
  });

  it('refuses what does not fit into RAM, and what is empty', () => {
    const { machine } = memoryMachine();
    expect(() => loadGuest(machine, image(0x3f_ffffn), 'long64')).toThrow(LoadError);
    expect(() => loadGuest(machine, image(0x3f_ffffn), 'long64')).toThrow('needs memory up to 0x400003');
    expect(() => loadGuest(machine, image(0n, 0n), 'long64')).toThrow('no segment holds a byte');
  });

  it('enters protected32 with paging off and a stack', () => {
    const { machine, registers } = memoryMachine();
    loadGuest(machine, image(0x10_0000n), 'protected32');
    expect(registers.get('cr0')).toBe(0x11n);
    expect(registers.get('cs.attributes')).toBe(0xc09bn);
    expect(registers.get('rsp')).toBe(0x8_0000n);
  });

  it('enters where the image is loaded when it is linked elsewhere', () => {
    const { machine, registers } = memoryMachine();
    const high = 0xffff_ffff_8000_0000n;
    const [segment] = image(0x10_0000n).segments;
    loadGuest(machine, { bits: 64, entry: high + 2n, segments: [{ ...segment!, linearAddress: high }] }, 'protected32');
    expect(registers.get('rip')).toBe(0x10_0002n);
  });
});
