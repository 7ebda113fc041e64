import { PM_CONTROL, PM_EVENT, PM_TIMER, SLEEP_TYPES } from '../devices/power.ts';

/** Where firmware's tables begin; guests look for "RSD PTR " from E0000h to FFFFFh. */
export const ACPI_TABLES = 0xf_0000;
const LOCAL_APIC = 0xfee0_0000;
const IO_APIC = 0xfec0_0000;
const SCI = 9;
const RESET_PORT = 0xcf9;
const RESET_VALUE = 0x06;
/** Where the century lies in the RTC's RAM. */
const CENTURY = 0x32;
const FACS_ALIGNMENT = 64;
/** In the FACS: where a guest wants to go on after S3. */
const WAKING_VECTOR = 12;

/** Bytes of a table under construction; numbers are little-endian. */
class TableBytes {
  readonly data: Uint8Array;
  private readonly view: DataView;

  constructor(size: number) {
    this.data = new Uint8Array(size);
    this.view = new DataView(this.data.buffer);
  }

  put(offset: number, size: 1 | 2 | 4 | 8, value: number): this {
    if (size === 1) this.view.setUint8(offset, value);
    else if (size === 2) this.view.setUint16(offset, value, true);
    else this.view.setUint32(offset, value, true);
    return this;
  }

  text(offset: number, text: string): this {
    this.data.set(new TextEncoder().encode(text), offset);
    return this;
  }

  /** Makes the bytes from 0 to `end` sum to zero. */
  checksum(offset: number, end = this.data.length): this {
    this.data[offset] = 0;
    this.data[offset] = -this.data.subarray(0, end).reduce((sum, byte) => sum + byte, 0);
    return this;
  }
}

/** A table with the header that all but RSDP and FACS share (ACPI 6.5 §5.2.6). */
function table(signature: string, revision: number, body: Uint8Array): TableBytes {
  const bytes = new TableBytes(36 + body.length);
  bytes.text(0, signature).put(4, 4, bytes.data.length).put(8, 1, revision);
  bytes.text(10, 'SHDWSP').text(16, 'SHDWSTEP').put(24, 4, 1).text(28, 'SHDW').put(32, 4, 1);
  bytes.data.set(body, 36);
  return bytes.checksum(9);
}

/** AML for `Name (\_Sx_, Package () {type, type, 0, 0})` (ACPI 6.5 §20.2). */
function sleepState(name: string, type: number): number[] {
  const element = (value: number) => (value < 2 ? [value] : [0x0a, value]);
  const elements = [type, type, 0, 0].flatMap(element);
  return [0x08, ...new TextEncoder().encode(name), 0x12, elements.length + 2, 4, ...elements];
}

/** Fixed hardware as `devices/power.ts` has it; ACPI mode is always on, so there is no SMI command port (§5.2.9). */
function fadt(facs: number, dsdt: number): Uint8Array {
  const IO_SPACE = 1;
  const bytes = new TableBytes(244 - 36);
  const put = (offset: number, size: 1 | 2 | 4 | 8, value: number) => bytes.put(offset - 36, size, value);
  const address = (offset: number, bits: number, access: number, port: number) => {
    put(offset, 1, IO_SPACE);
    put(offset + 1, 1, bits);
    put(offset + 3, 1, access);
    put(offset + 4, 8, port);
  };
  put(36, 4, facs);
  put(40, 4, dsdt);
  put(45, 1, 1); // A desktop.
  put(46, 2, SCI);
  put(56, 4, PM_EVENT);
  put(64, 4, PM_CONTROL);
  put(76, 4, PM_TIMER);
  put(88, 1, 4);
  put(89, 1, 2);
  put(91, 1, 4);
  put(96, 2, 0xfff); // No C2, no C3.
  put(98, 2, 0xfff);
  put(108, 1, CENTURY);
  put(109, 2, 0x3); // Devices on a legacy bus, an 8042.
  // WBINVD works, C1 on all processors, no fixed power or sleep button, a reset register.
  put(112, 4, 0x1 | 0x4 | 0x10 | 0x20 | 0x400);
  address(116, 8, 1, RESET_PORT);
  put(128, 1, RESET_VALUE);
  put(132, 8, facs);
  put(140, 8, dsdt);
  address(148, 32, 2, PM_EVENT);
  address(172, 16, 2, PM_CONTROL);
  address(208, 32, 3, PM_TIMER);
  return bytes.data;
}

/** Processors, the IOAPIC, and which IRQs do not reach it as edges on their own pin (§5.2.12). */
function madt(cpus: number): Uint8Array {
  const double = (value: number) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
  const override = (irq: number, pin: number, flags: number) => [2, 10, 0, irq, ...double(pin), flags, 0];
  const ACTIVE_HIGH_LEVEL = 0xd;
  return Uint8Array.from([
    ...double(LOCAL_APIC),
    ...double(1), // There are 8259s, too.
    ...Array.from({ length: cpus }, (_, cpu) => [0, 8, cpu, cpu, ...double(1)]).flat(),
    ...[1, 12, 0, 0, ...double(IO_APIC), ...double(0)],
    ...override(0, 2, 0),
    ...override(SCI, SCI, ACTIVE_HIGH_LEVEL),
    ...[4, 6, 0xff, 0, 0, 1], // NMI on LINT1 of all.
  ]);
}

export interface AcpiTables {
  /** Physical address of the RSDP and of all that follows it. */
  readonly address: number;
  readonly data: Uint8Array;
  /** Physical address of the FACS's waking vector. */
  readonly wakingVector: number;
}

/** RSDP, FACS, DSDT, FADT, MADT, RSDT and XSDT, one after the other from F0000h. */
export function acpiTables(cpus: number): AcpiTables {
  const parts: { address: number; data: Uint8Array }[] = [];
  let end = ACPI_TABLES + 36;
  const place = (data: Uint8Array, alignment = 16): number => {
    const address = Math.ceil(end / alignment) * alignment;
    parts.push({ address, data });
    end = address + data.length;
    return address;
  };
  const facs = place(new TableBytes(64).text(0, 'FACS').put(4, 4, 64).put(32, 1, 1).data, FACS_ALIGNMENT);
  const aml = [...sleepState('_S3_', SLEEP_TYPES.s3), ...sleepState('_S5_', SLEEP_TYPES.s5)];
  const dsdt = place(table('DSDT', 2, Uint8Array.from(aml)).data);
  const tables = [place(table('FACP', 3, fadt(facs, dsdt)).data), place(table('APIC', 3, madt(cpus)).data)];
  const pointers = (size: 4 | 8) => {
    const bytes = new TableBytes(tables.length * size);
    for (const [index, address] of tables.entries()) bytes.put(index * size, 4, address);
    return bytes.data;
  };
  const rsdt = place(table('RSDT', 1, pointers(4)).data);
  const xsdt = place(table('XSDT', 1, pointers(8)).data);

  const rsdp = new TableBytes(36).text(0, 'RSD PTR ').text(9, 'SHDWSP').put(15, 1, 2);
  rsdp.put(16, 4, rsdt).put(20, 4, 36).put(24, 4, xsdt).checksum(8, 20).checksum(32);
  const data = new Uint8Array(end - ACPI_TABLES);
  data.set(rsdp.data);
  for (const part of parts) data.set(part.data, part.address - ACPI_TABLES);
  return { address: ACPI_TABLES, data, wakingVector: facs + WAKING_VECTOR };
}
