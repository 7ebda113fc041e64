/**
 * What a launch configuration may say: the one table from which package.json's schema, the snippets and the defaults
 * come. `npm run contributions` writes them there; a test holds that they agree.
 */

export interface LaunchConfiguration {
  /** Path of a `.s`, `.S` or `.asm` source, of an ELF file or of a Linux kernel. */
  program: string;
  start: StartState;
  cpu: CpuProfile;
  /** CPUID feature name to whether the processor has it; what is not named is as the profile says. */
  features: Record<string, boolean>;
  /** Raw CPUID bits by `LEAF.SUBLEAF.REGISTER`. */
  cpuid: Record<string, { set?: string | number; clear?: string | number }>;
  /** Values of model-specific registers after reset, by number. */
  msrs: Record<string, string | number>;
  /** Where RDRAND and RDSEED begin. */
  seed: number;
  /** Guest memory: `128M`, `1G`, or a number of MiB; 3.5 GiB at most. */
  memory: string | number;
  stopOnEntry: boolean;
  /** The command line of a multiboot or Linux guest. */
  append: string;
  /** A multiboot guest's module, or Linux's initial RAM disk. */
  initrd: string;
  cpus: number;
  machine: 'bare';
  /** Folders in which the assembler looks for `.include` and `#include`. */
  include: string[];
  /** Assembler symbols, as `-D` gives them. */
  defines: Record<string, string | number | boolean>;
  /** In which syntax the Disassembly view shows instructions. */
  disassemblySyntax: 'att' | 'intel';
}

export type StartState = 'long64' | 'protected32' | 'multiboot' | 'real16' | 'linux' | 'linux64';
export type CpuProfile = 'tigerlake' | 'sapphirerapids';

export interface Attribute<T> {
  /** The value that stands for an absent key; undefined when the adapter chooses by the program. */
  readonly default: T | undefined;
  readonly required?: boolean;
  /** A file or folder, or a list of them: a relative one is the workspace folder's. */
  readonly isPath?: boolean;
  /** JSON schema of the value without its default and description. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly description: string;
}

const startDescriptions: Record<StartState, string> = {
  long64: '64-bit mode with paging on, a flat GDT, a stack and SSE: for plain sources and freestanding C.',
  protected32: '32-bit protected mode, flat segments, paging off.',
  multiboot: 'Multiboot 1: 32-bit protected mode, EAX=0x2BADB002, EBX points at the information structure.',
  real16:
    'Real-address mode below 1 MiB: a plain source or a file without a format is put to 0:7C00h, as a BIOS does with a boot sector.',
  linux: 'The 32-bit entry of the Linux boot protocol: ESI points to boot_params.',
  linux64: 'The 64-bit entry of the Linux boot protocol: the low 4 GiB are identity-mapped, RSI points to boot_params.',
};

const cpuDescriptions: Record<CpuProfile, string> = {
  tigerlake: 'Tiger Lake: CET, VMX and split-lock #AC, no OS bus-lock detection.',
  sapphirerapids: 'Sapphire Rapids: CET, VMX, split-lock #AC and OS bus-lock detection.',
};

export const launchAttributes: { readonly [K in keyof LaunchConfiguration]: Attribute<LaunchConfiguration[K]> } = {
  program: {
    default: undefined,
    required: true,
    isPath: true,
    schema: { type: 'string' },
    description:
      'The guest: an assembly source in GAS syntax (`.s`, `.S`, `.asm`), assembled at every start, an ELF file made by gcc, clang or as, or a Linux kernel (bzImage). A relative path begins at the workspace folder.',
  },
  start: {
    default: undefined,
    schema: {
      type: 'string',
      enum: Object.keys(startDescriptions),
      markdownEnumDescriptions: Object.values(startDescriptions),
    },
    description:
      'The state in which the guest starts. Without it: `linux` for a kernel image, `multiboot` for an image with a multiboot header, otherwise `long64`, or `protected32` for a 32-bit ELF.',
  },
  cpu: {
    default: 'tigerlake',
    schema: {
      type: 'string',
      enum: Object.keys(cpuDescriptions),
      markdownEnumDescriptions: Object.values(cpuDescriptions),
    },
    description: 'The processor that the guest sees in CPUID, in its MSRs and in what its instructions do.',
  },
  features: {
    default: {},
    schema: { type: 'object', additionalProperties: { type: 'boolean' } },
    description:
      'CPUID features to add to the processor or to take from it, by name: `{ "CET_SS": false }` gives a processor without shadow stacks.',
  },
  cpuid: {
    default: {},
    schema: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        properties: { set: { type: ['integer', 'string'] }, clear: { type: ['integer', 'string'] } },
        additionalProperties: false,
      },
    },
    description:
      'CPUID bits to set and to clear, by leaf, subleaf and register: `{ "7.0.ebx": { "clear": "0x100" } }`. Instructions and control registers follow a bit that the machine knows; any other only shows.',
  },
  msrs: {
    default: {},
    schema: { type: 'object', additionalProperties: { type: ['integer', 'string'] } },
    description: 'Model-specific registers after reset, by number: `{ "0x3a": "0x5" }`.',
  },
  seed: {
    default: 0,
    schema: { type: 'integer', minimum: 0, maximum: 4294967295 },
    description: 'Where RDRAND and RDSEED begin: the same seed gives the same run.',
  },
  memory: {
    default: '128M',
    schema: {
      anyOf: [
        { type: 'string', pattern: '^[1-9][0-9]*(\\.[0-9]+)?[KMG]$' },
        { type: 'number', minimum: 1, maximum: 3584 },
      ],
    },
    description: "The guest's memory, such as `128M` or `2G`, or a number of MiB; at most 3.5 GiB.",
  },
  stopOnEntry: {
    default: false,
    schema: { type: 'boolean' },
    description: "Stop before the guest's first instruction.",
  },
  append: {
    default: '',
    schema: { type: 'string' },
    description: "The command line of a multiboot guest, after the program's name, or of Linux.",
  },
  initrd: {
    default: undefined,
    isPath: true,
    schema: { type: 'string' },
    description: "A file that the guest finds in its memory: a multiboot guest's module, or Linux's initial RAM disk.",
  },
  cpus: {
    default: 1,
    schema: { type: 'integer', minimum: 1, maximum: 8 },
    description: "The guest's processors, 1 to 8. All but the first wait for a start-up IPI.",
  },
  machine: {
    default: 'bare',
    schema: {
      type: 'string',
      enum: ['bare'],
      markdownEnumDescriptions: ['The guest has the processor and its devices for itself.'],
    },
    description: 'What the guest runs on.',
  },
  include: {
    isPath: true,
    default: [],
    schema: { type: 'array', items: { type: 'string' } },
    description: "Folders in which `.include` and `#include` look for files, after the source's own folder.",
  },
  defines: {
    default: {},
    schema: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
    description:
      'Symbols for the assembler: `{ "DEBUG": 1 }` is `#define DEBUG 1` for a `.S` source and `.set DEBUG, 1` for others.',
  },
  disassemblySyntax: {
    default: 'att',
    schema: {
      type: 'string',
      enum: ['att', 'intel'],
      markdownEnumDescriptions: ['As GNU as writes it: `mov %rax, %rbx`.', 'As the SDM writes it: `mov rbx, rax`.'],
    },
    description: 'The syntax of the Disassembly view and of instructions in messages.',
  },
};
