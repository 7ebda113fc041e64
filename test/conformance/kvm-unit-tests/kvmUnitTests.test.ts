import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cpuid } from '../../../emulator/cpu/profiles/cpuid.ts';
import { Processor } from '../../../emulator/cpu/profiles/profiles.ts';
import { ARCHITECTURES, parseConfiguration } from './config.ts';
import { DIFFERENCES, differencesOf } from './differences.ts';
import { exclusionOf, SKIPS, skipReasonOf } from './exclusions.ts';
import { environmentOf, qemuArguments, runArguments } from './invocation.ts';
import { readOutcome } from './output.ts';
import { mergeRows, type Row, type Table, toMarkdown, withTable } from './table.ts';

const sample = `
# comment
[x2apic]
file = apic.flat
smp = 2
qemu_params = -cpu qemu64,+x2apic,+tsc-deadline
arch = x86_64
timeout = 30
groups = apic

[ept]
file = vmx.flat
test_args = "ept_access*"
qemu_params = -cpu max,host-phys-bits,+vmx,-vmx-mbec -m 2560
groups = vmx nodefault

[smptest]
file = smptest.flat
`;

describe('the list of tests', () => {
  const [x2apic, ept, smptest] = parseConfiguration(sample);

  it('is read', () => {
    expect(x2apic).toMatchObject({ name: 'x2apic', file: 'apic.flat', arch: 'x86_64', processors: 2, timeout: 30 });
    expect(x2apic!.cpu).toEqual({ model: 'qemu64', features: { x2apic: true, 'tsc-deadline': true } });
    expect(ept).toMatchObject({ append: 'ept_access*', memoryMiB: 2560, groups: ['vmx', 'nodefault'] });
    expect(ept!.cpu.features).toEqual({ 'host-phys-bits': true, vmx: true, 'vmx-mbec': false });
    expect(smptest).toMatchObject({ processors: 1, append: '', groups: [], cpu: { model: 'qemu64' } });
    expect(smptest).not.toHaveProperty('arch');
  });

  it('is refused with the line that is not understood', () => {
    expect(() => parseConfiguration('[a]\nfile = b\nsize: 3\n')).toThrow('unittests.cfg:3 is "size: 3"');
    expect(() => parseConfiguration('[a]\nsmp = 1\n')).toThrow('[a] in unittests.cfg names no file.');
  });

  it('becomes arguments of shadowstep and of QEMU', () => {
    const own = runArguments(x2apic!, 1000).join(' ');
    expect(own).toContain('--cpu tigerlake --feature=+x2apic --feature=+tsc_deadline_timer --memory 128M --cpus 2');
    expect(own).toMatch(/^--machine bare .*--max-steps 1000$/);
    expect(runArguments(ept!, 1).join(' ')).toContain('--cpu sapphirerapids --feature=+vmx');
    const narrow = parseConfiguration('[a]\nfile = a.flat\nqemu_params = -cpu IvyBridge,phys-bits=36\n')[0]!;
    expect(runArguments(narrow, 1).join(' ')).toContain('--cpu tigerlake --cpuid 0x80000008.eax=+0x24-0xdb --memory');
    expect(environmentOf(x2apic!)).toBe('TEST_DEVICE=0\n');
    expect(environmentOf(smptest!)).toBeUndefined();
    expect(runArguments(x2apic!, 1, '/tmp/e').join(' ')).toContain('--initrd /tmp/e --max-steps 1');
    expect(qemuArguments(smptest!, 'smptest.flat', '/tmp/e').join(' ')).toMatch(/-initrd \/tmp\/e -cpu max$/);
    expect(qemuArguments(ept!, 'vmx.flat').join(' ')).toContain(
      '-kernel vmx.flat -smp 1 -append ept_access* -cpu max,',
    );
  });
});

describe('the reasons for SKIP lines', () => {
  const moment = { cr4: 0, xcr0: 1, xss: 0, apicId: 0, apicEnabled: true, cpus: 1, miscEnable: [0, 0] } as const;
  const bits = SKIPS.flatMap(({ absent }) => (absent ? [absent] : []));

  it.each(bits)('$name is a bit that the profiles lack', ({ leaf, subleaf, register, bit, removed }) => {
    for (const profile of ['tigerlake', 'sapphirerapids']) {
      const processor = Processor.create(profile, removed === undefined ? {} : { [removed]: false });
      const word = cpuid(processor, leaf, subleaf ?? 0, moment)[['eax', 'ebx', 'ecx', 'edx'].indexOf(register)]!;
      expect((word >>> bit) & 1, profile).toBe(0);
    }
  });

  it('hold for their tests alone', () => {
    expect(skipReasonOf('memory', 'pcommit')).toMatch(/^CPUID\.\(7,0\):EBX\[22\] \(PCOMMIT\) is 0: /);
    expect(skipReasonOf('memory', 'clwb')).toBeUndefined();
    expect(skipReasonOf('access', 'pcommit')).toBeUndefined();
    for (const each of SKIPS) expect(each.absent ?? each.because, String(each.text)).toBeDefined();
  });
});

describe('the outcome of a run', () => {
  it.each([
    ['PASS: a\nPASS: b\nSUMMARY: 2 tests\n', 1, { verdict: 'pass', pass: 2, fail: 0 }],
    ['PASS: a\nFAIL: b: c\n', 3, { verdict: 'fail', pass: 1, fail: 1, evidence: ['FAIL: b: c'] }],
    // A failing line counts whatever the status says.
    ['FAIL: b\n', 1, { verdict: 'fail', fail: 1 }],
    ['SKIP: LAM is not enabled\n', 77, { verdict: 'skip', skip: 1, skips: ['LAM is not enabled'] }],
    ['XFAIL: known\nPASS: b\n', 1, { verdict: 'pass', expectedFailures: 1 }],
    ['XPASS: known\n', 3, { verdict: 'fail', fail: 1 }],
    ['PASS: a\n', 124, { verdict: 'timeout' }],
    [
      'Unhandled exception 6 #UD at ip 10\nerror_code=0\nrax=0\n',
      255,
      { verdict: 'crash', evidence: ['Unhandled exception 6 #UD at ip 10', 'error_code=0'] },
    ],
    ['a\nb\nc\nd\n', 4, { verdict: 'crash', evidence: ['b', 'c', 'd'] }],
    ['12 tests, 2 failures\n', 3, { verdict: 'fail', pass: 10, fail: 2 }],
  ] as const)('%j with status %d', (output, status, expected) => {
    expect(readOutcome(output, status)).toMatchObject(expected);
  });
});

describe('the table', () => {
  const row = (test: string, arch: Row['arch'], pass: number): Row => ({
    test,
    arch,
    verdict: 'pass',
    counts: { pass, fail: 0, skip: 0 },
  });
  const list = [{ test: 'a' }, { test: 'b', arch: 'x86_64' }] as const;

  it('takes fresh rows and keeps the others and all references', () => {
    const first = mergeRows(list, [], [row('b', 'x86_64', 1), row('a', 'i386', 2), row('a', 'x86_64', 3)]);
    expect(first.map(({ test, arch }) => `${test} ${arch}`)).toEqual(['a x86_64', 'a i386', 'b x86_64']);
    const referred = mergeRows(list, first, [{ ...row('a', 'i386', 9), verdict: 'timeout' }], 'QEMU');
    expect(referred[1]).toMatchObject({ verdict: 'pass', counts: { pass: 2 } });
    expect(referred[1]!.references).toEqual({ QEMU: { pass: 9, fail: 0, skip: 0, note: 'timeout' } });
    const ended = { ...row('a', 'i386', 0), verdict: 'fail' } as const;
    expect(mergeRows(list, first, [ended], 'QEMU')[1]!.references).toMatchObject({ QEMU: { note: 'fail' } });
    const again = mergeRows(list, referred, [row('a', 'i386', 4)]);
    expect(again[1]).toMatchObject({ counts: { pass: 4 }, references: { QEMU: { pass: 9 } } });
    expect(again[0]).toBe(first[0]);
  });

  it('stands between its marks', () => {
    const table: Table = { commit: '0123456789abcdef', list, rows: [row('a', 'i386', 2)] };
    const page = withTable('text\n<!-- table -->\nold\n<!-- end of table -->\nmore\n', table);
    expect(page).not.toContain('old');
    expect(page).toContain(toMarkdown(table));
    expect(() => withTable('text', table)).toThrow('The page has no <!-- table -->');
  });
});

describe('the committed results', () => {
  const table = JSON.parse(readFileSync(new URL('results.json', import.meta.url), 'utf8')) as Table;

  it('have a row for each test of the list and each build', () => {
    const expected = table.list.flatMap(({ test, arch }) =>
      ARCHITECTURES.filter((each) => arch === undefined || arch === each).map((each) => `${test} ${each}`),
    );
    expect(table.list.length).toBeGreaterThan(80);
    expect(table.rows.map(({ test, arch }) => `${test} ${arch}`)).toEqual(expected);
  });

  it('give a reason for each exclusion and each skip', () => {
    for (const row of table.rows) {
      if (row.verdict === 'excluded') expect(row.reason, row.test).toBeTruthy();
      else expect(row.counts, row.test).toBeDefined();
      expect(Object.keys(row.skips ?? {}).length > 0, row.test).toBe((row.counts?.skip ?? 0) > 0);
      for (const [text, reason] of Object.entries(row.skips ?? {}))
        expect(reason, `${row.test}: ${text}`).toBe(skipReasonOf(row.test, text));
    }
  });

  it('fail nowhere and are explained where another emulator passes with other counts', () => {
    const differences = table.rows.flatMap((row) => differencesOf(row).map((each) => ({ test: row.test, ...each })));
    for (const { test, reference, reason } of differences) expect(reason, `${test} under ${reference}`).toBeDefined();
    for (const { test, reason } of DIFFERENCES)
      expect(
        differences.some((each) => each.test === test && each.reason === reason),
        test,
      ).toBe(true);
    const ran = table.rows.filter(({ verdict }) => verdict !== 'excluded');
    for (const { test, arch, verdict, counts } of ran) {
      expect(counts?.fail, `${test} ${arch}`).toBe(0);
      expect(['pass', 'skip'], `${test} ${arch}`).toContain(verdict);
    }
  });

  it('are what the page shows', () => {
    const page = readFileSync(new URL('README.md', import.meta.url), 'utf8');
    expect(withTable(page, table)).toBe(page);
  });

  it('exclude only what needs VMX, SVM, a paravirtual interface, an IOMMU, a PMU, or has no image', () => {
    const words = /^(VMX|SVM|paravirtual: .*|IOMMU|performance monitoring \(PMU\)|the suite builds no .*)$/;
    for (const { reason } of table.rows.filter(({ verdict }) => verdict === 'excluded')) expect(reason).toMatch(words);
    expect(exclusionOf(parseConfiguration(sample)[1]!)).toBe('VMX');
  });
});
