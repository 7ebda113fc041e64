/** Words of guest assembly that a hover explains: the instructions of CET and VMX, and the CET registers. */
export interface Word {
  /** The instruction with its operands in the SDM's notation, or the register's full name. */
  readonly heading: string;
  readonly text: string;
  /** Where the SDM describes it. */
  readonly manual: string;
}

const cet = 'SDM Vol. 2, and Vol. 1 chapter 17';
const vmx = 'SDM Vol. 3C, "VMX Instruction Reference"';
const msr = 'SDM Vol. 4, and Vol. 1 chapter 17';

const word = (heading: string, text: string, manual: string): Word => ({ heading, text, manual });

const shadowStackWrites = 'Needs WR_SHSTK_EN of the current privilege level, and a shadow-stack page of that level.';

/** By lower-case name. */
export const vocabulary: ReadonlyMap<string, Word> = new Map([
  [
    'endbr64',
    word(
      'ENDBR64',
      'Marks a place where an indirect CALL or JMP may land in 64-bit mode, and sets the branch tracker to IDLE. A NOP without IBT.',
      cet,
    ),
  ],
  [
    'endbr32',
    word(
      'ENDBR32',
      'Marks a place where an indirect CALL or JMP may land in 32-bit and compatibility mode. A NOP without IBT.',
      cet,
    ),
  ],
  [
    'notrack',
    word(
      'NOTRACK (prefix 3EH)',
      'Before an indirect near CALL or JMP: with NO_TRACK_EN set, the branch does not make the tracker wait for ENDBR.',
      cet,
    ),
  ],
  ['rdsspq', word('RDSSPQ r64', 'Reads SSP. A NOP where shadow stacks are off, so the register keeps its value.', cet)],
  [
    'rdsspd',
    word(
      'RDSSPD r32',
      'Reads the low half of SSP. A NOP where shadow stacks are off, so the register keeps its value.',
      cet,
    ),
  ],
  [
    'incsspq',
    word(
      'INCSSPQ r64',
      'Pops as many 8-byte entries off the shadow stack as bits 7:0 of the register say. Reads the first and the last of them.',
      cet,
    ),
  ],
  [
    'incsspd',
    word(
      'INCSSPD r32',
      'Pops as many 4-byte entries off the shadow stack as bits 7:0 of the register say. Reads the first and the last of them.',
      cet,
    ),
  ],
  ['wrssq', word('WRSSQ m64, r64', `Writes to a shadow stack. ${shadowStackWrites}`, cet)],
  ['wrssd', word('WRSSD m32, r32', `Writes to a shadow stack. ${shadowStackWrites}`, cet)],
  ['wrussq', word('WRUSSQ m64, r64', 'Writes to a user shadow stack from CPL 0.', cet)],
  ['wrussd', word('WRUSSD m32, r32', 'Writes to a user shadow stack from CPL 0.', cet)],
  [
    'saveprevssp',
    word(
      'SAVEPREVSSP',
      'After RSTORSSP: pops the previous-SSP token and leaves a restore token on the stack that it names. Outside 64-bit mode, with CF=1, it first pops the 4-byte alignment hole.',
      cet,
    ),
  ],
  [
    'rstorssp',
    word(
      'RSTORSSP m64',
      'Switches to the shadow stack whose restore token lies at the operand, and replaces it by a previous-SSP token. A wrong token is #CP(RSTORSSP).',
      cet,
    ),
  ],
  [
    'setssbsy',
    word(
      'SETSSBSY',
      'Loads SSP from IA32_PL0_SSP, whose supervisor token must be valid and not busy, and marks it busy. Otherwise #CP(SETSSBSY).',
      cet,
    ),
  ],
  [
    'clrssbsy',
    word(
      'CLRSSBSY m64',
      'Clears the busy bit of a supervisor token and sets SSP to 0. CF tells whether the token was invalid.',
      cet,
    ),
  ],

  [
    'vmxon',
    word(
      'VMXON m64',
      'Enters VMX operation, with the VMXON region at the physical address in the operand. Needs CR4.VMXE and IA32_FEATURE_CONTROL.',
      vmx,
    ),
  ],
  ['vmxoff', word('VMXOFF', 'Leaves VMX operation.', vmx)],
  ['vmclear', word('VMCLEAR m64', 'Writes a VMCS back to memory and sets its launch state to clear.', vmx)],
  ['vmptrld', word('VMPTRLD m64', 'Makes the VMCS at the physical address in the operand the current one.', vmx)],
  ['vmptrst', word('VMPTRST m64', 'Stores the physical address of the current VMCS.', vmx)],
  [
    'vmread',
    word('VMREAD r/m64, r64', 'Reads the field of the current VMCS whose encoding is in the second operand.', vmx),
  ],
  [
    'vmwrite',
    word('VMWRITE r64, r/m64', 'Writes the field of the current VMCS whose encoding is in the first operand.', vmx),
  ],
  ['vmlaunch', word('VMLAUNCH', 'VM entry with the current VMCS, whose launch state must be clear.', vmx)],
  ['vmresume', word('VMRESUME', 'VM entry with the current VMCS, whose launch state must be launched.', vmx)],
  ['vmcall', word('VMCALL', 'In a guest: a VM exit with reason VMCALL.', vmx)],
  ['vmfunc', word('VMFUNC', 'Calls the VM function whose number is in EAX; 0 switches EPTP.', vmx)],
  [
    'invept',
    word('INVEPT r64, m128', 'Invalidates translations cached from EPT: of one context (type 1) or all (type 2).', vmx),
  ],
  [
    'invvpid',
    word(
      'INVVPID r64, m128',
      'Invalidates translations cached for a VPID: an address (type 0), a context (1), all (2), or a context but for globals (3).',
      vmx,
    ),
  ],

  ['ia32_u_cet', word('IA32_U_CET (MSR 6A0H)', 'CET control and branch tracker of CPL 3.', msr)],
  ['ia32_s_cet', word('IA32_S_CET (MSR 6A2H)', 'CET control and branch tracker of CPL 0, 1 and 2.', msr)],
  [
    'ia32_pl0_ssp',
    word('IA32_PL0_SSP (MSR 6A4H)', 'Where SSP points when an event enters CPL 0; SETSSBSY loads it.', msr),
  ],
  ['ia32_pl1_ssp', word('IA32_PL1_SSP (MSR 6A5H)', 'Where SSP points when CPL 1 is entered.', msr)],
  ['ia32_pl2_ssp', word('IA32_PL2_SSP (MSR 6A6H)', 'Where SSP points when CPL 2 is entered.', msr)],
  [
    'ia32_pl3_ssp',
    word('IA32_PL3_SSP (MSR 6A7H)', "The user's SSP: saved when CPL 3 is left, loaded when it is entered.", msr),
  ],
  [
    'ia32_interrupt_ssp_table_addr',
    word(
      'IA32_INTERRUPT_SSP_TABLE_ADDR (MSR 6A8H)',
      'Linear address of seven shadow-stack pointers, by IST number, for events that use the IST.',
      msr,
    ),
  ],
  ['ia32_xss', word('IA32_XSS (MSR DA0H)', 'Supervisor state components of XSAVES: bit 11 CET_U, bit 12 CET_S.', msr)],
]);
