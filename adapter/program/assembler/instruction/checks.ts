import { StatementError } from '../diagnostics.ts';
import type { Mode } from '../sections.ts';
import type { MemoryOperand, Operand } from './operand.ts';
import { availableIn, type RegisterInfo } from './registers.ts';

/** Fails when an operand names a register that the mode lacks, or an address that no encoding has (SDM Vol. 2A §2.1.5). */
export function checkRegisters(operand: Operand, mode: Mode): void {
  const used: RegisterInfo[] = [];
  if (operand.kind === 'register') used.push(operand.register);
  if (operand.kind === 'memory') used.push(...[operand.base, operand.index].filter((one) => one !== undefined));
  for (const register of used) {
    if (!availableIn(register, mode)) {
      throw new StatementError(`Register ${register.name} exists only in 64-bit mode.`, operand.start, operand.end);
    }
  }
  if (operand.kind === 'register' && operand.register.class === 'ip') {
    throw new StatementError(
      `${operand.register.name} can only be the base of an address.`,
      operand.start,
      operand.end,
    );
  }
  if (operand.kind === 'memory') checkAddress(operand, mode);
}

function checkAddress(operand: MemoryOperand, mode: Mode): void {
  const { base, index } = operand;
  const fail = (message: string): never => {
    throw new StatementError(message, operand.start, operand.end);
  };
  const bits = (register: RegisterInfo): number | undefined =>
    register.class === 'r16'
      ? 16
      : register.class === 'r32' || register.name === 'eip'
        ? 32
        : register.class === 'r64' || register.name === 'rip'
          ? 64
          : undefined;
  if (base !== undefined && bits(base) === undefined) fail(`${base.name} can't be a base register.`);
  if (index !== undefined && bits(index) === undefined && !/^[xyz]mm/.test(index.name))
    fail(`${index.name} can't be an index register.`);
  if (base !== undefined && index !== undefined && bits(index) !== undefined && bits(base) !== bits(index)) {
    fail(`Base ${base.name} and index ${index.name} differ in size.`);
  }
  if (base?.class === 'ip' && index !== undefined) fail('A RIP-relative address has no index.');
  if (
    index !== undefined &&
    (index.class === 'ip' || (index.number === 4 && (index.class === 'r32' || index.class === 'r64')))
  ) {
    fail(`${index.name} can't be an index register.`);
  }
  const word = base?.class === 'r16' || index?.class === 'r16';
  if (word && base?.name !== 'dx') {
    if (mode === 64) fail('16-bit addresses do not exist in 64-bit mode.');
    if (
      !/^(bx|bp|si|di)$/.test(base?.name ?? '') ||
      (index !== undefined && !(/^b[xp]$/.test(base!.name) && /^[sd]i$/.test(index.name)))
    ) {
      fail('A 16-bit address is made of BX or BP, SI or DI, and a displacement.');
    }
    if (operand.scale !== 1) fail('A 16-bit address has no scale.');
  }
  const { displacement } = operand;
  if (displacement?.kind === 'number' && mode === 64 && (base !== undefined || index !== undefined)) {
    const value = BigInt.asIntN(64, displacement.value);
    const addressBits = base === undefined ? bits(index!) : bits(base);
    const high = addressBits === 32 ? (1n << 32n) - 1n : (1n << 31n) - 1n;
    if (value < -(1n << 31n) || value > high)
      fail(`The displacement ${displacement.value} does not fit 32 signed bits.`);
  }
}
