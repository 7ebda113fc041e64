import { describe, expect, it } from 'vitest';
import { flatProgram } from '../../../adapter/program/linux.ts';
import { hostPhysical } from '../../../emulator/addresses.ts';
import { acpiTables } from '../../../emulator/firmware/acpi.ts';
import { loadGuest } from '../../../emulator/loaders/load.ts';
import { Machine } from '../../../emulator/machine.ts';

/** Tables found as a guest finds them: from the RSDP on, every checksum looked at. */
function tables(cpus: number) {
  const { address, data } = acpiTables(cpus);
  const view = new DataView(data.buffer);
  const sum = (at: number, length: number) =>
    data.subarray(at - address, at - address + length).reduce((total, byte) => (total + byte) & 0xff, 0);
  const u32 = (at: number) => view.getUint32(at - address, true);
  const text = (at: number, length: number) =>
    String.fromCharCode(...data.subarray(at - address, at - address + length));
  expect([text(address, 8), sum(address, 20), sum(address, 36)]).toEqual(['RSD PTR ', 0, 0]);
  const [rsdt, xsdt] = [u32(address + 16), u32(address + 24)];
  const found = new Map<string, number>();
  for (let at = 36; at < u32(xsdt + 4); at += 8) {
    expect(u32(rsdt + 36 + (at - 36) / 2)).toBe(u32(xsdt + at));
    found.set(text(u32(xsdt + at), 4), u32(xsdt + at));
  }
  for (const at of [rsdt, xsdt, ...found.values()])
    expect([text(at, 4), sum(at, u32(at + 4))]).toEqual([text(at, 4), 0]);
  return { found, u32, text, sum, data, address };
}

describe('ACPI tables', () => {
  it('lead from the RSDP to a FADT with the ports of the power management', () => {
    const { found, u32, text, sum } = tables(1);
    const fadt = found.get('FACP')!;
    expect([u32(fadt + 56), u32(fadt + 64), u32(fadt + 76)]).toEqual([0x600, 0x604, 0x608]);
    const [facs, dsdt] = [u32(fadt + 36), u32(fadt + 40)];
    expect([text(facs, 4), facs % 64, u32(facs + 4)]).toEqual(['FACS', 0, 64]);
    expect([text(dsdt, 4), sum(dsdt, u32(dsdt + 4))]).toEqual(['DSDT', 0]);
    // The same by the 64-bit fields.
    expect([u32(fadt + 132), u32(fadt + 140), u32(fadt + 152)]).toEqual([facs, dsdt, 0x600]);
  });

  it('list every processor, the IOAPIC and where IRQs 0 and 9 arrive', () => {
    const { found, u32, data, address } = tables(8);
    const madt = found.get('APIC')!;
    expect(u32(madt + 36)).toBe(0xfee00000);
    const entries: number[][] = [];
    for (let at = madt + 44; at < madt + u32(madt + 4); at += data[at - address + 1]!) {
      entries.push([...data.subarray(at - address, at - address + data[at - address + 1]!)]);
    }
    const processors = entries.filter(([type]) => type === 0);
    expect(processors.map((entry) => [entry[3], entry[4]])).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((id) => [id, 1]));
    const overrides = entries.filter(([type]) => type === 2).map((entry) => [entry[3], entry[4], entry[8]]);
    expect(overrides).toEqual([
      [0, 2, 0],
      [9, 9, 13],
    ]);
  });

  it('stay inside the area that the memory map reserves', () => {
    const { address, data } = acpiTables(8);
    expect([address, address + data.length <= 0x100000]).toEqual([0xf0000, true]);
  });
});

describe('real16', () => {
  const start = (address: bigint, code: readonly number[]) => {
    const machine = Machine.create({ cpu: 'tigerlake', memoryBytes: 2 << 20 });
    loadGuest(machine, flatProgram(Uint8Array.from(code), address, 32), 'real16');
    return machine;
  };

  it('begins at 0:7C00h in 16-bit code with a stack below it', () => {
    // push $0x1234; pop %ax; out %al,$0xf4
    const machine = start(0x7c00n, [0x68, 0x34, 0x12, 0x58, 0xe6, 0xf4]);
    expect([machine.codeBits(), machine.readRegister('idtr.limit')]).toEqual([16, 0x3ffn]);
    expect(machine.run(10)).toEqual({ kind: 'debugExit', code: 0x34 });
    expect([...machine.readPhysical(hostPhysical(0x7bfe), 2).data]).toEqual([0x34, 0x12]);
  });

  it('chooses a segment for an entry above 64 KiB and refuses one above 1 MiB', () => {
    const machine = start(0x8_1234n, [0x90]);
    expect([machine.readRegister('cs'), machine.readRegister('rip'), machine.readRegister('cs.base')]).toEqual([
      ...[0x8000n, 0x1234n, 0x8_0000n],
    ]);
    expect(() => start(0x10_0000n, [0x90])).toThrow(/^start is real16, but the entry 0x100000 is not below 1 MiB/);
  });
});

describe('memory types', () => {
  it('are the same on every processor: RAM write-back, the video window and device memory uncacheable', () => {
    const machine = Machine.create({ cpu: 'tigerlake', memoryBytes: 4 << 20, cpus: 3 });
    loadGuest(machine, flatProgram(Uint8Array.of(0x90), 0x10_0000n, 64), 'long64');
    expect(machine.selectedVcpu).toBe(0);
    for (let vcpu = 0; vcpu < 3; vcpu++) {
      machine.selectVcpu(vcpu);
      const types = ['mtrr_def_type', 'mtrr_fix64k_00000', 'mtrr_fix16k_a0000', 'mtrr_physbase0'];
      expect(types.map((name) => machine.readRegister(name))).toEqual([
        ...[0xc06n, 0x0606_0606_0606_0606n, 0n, 0xe000_0000n],
      ]);
    }
  });
});
