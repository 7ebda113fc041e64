/**
 * The one door to iced-x86 for the adapter. The package is CommonJS; bundlers and Node both see it through here, so that
 * a browser build has one import to shim.
 */

export type { OpCodeInfo } from 'iced-x86';
export {
  Code,
  CodeExt,
  CodeSize,
  ConditionCode,
  Decoder,
  DecoderError,
  DecoderOptions,
  Encoder,
  EncodingKind,
  FlowControl,
  FormatMnemonicOptions,
  Formatter,
  FormatterSyntax,
  Instruction,
  InstructionInfoFactory,
  MandatoryPrefix,
  MemoryOperand,
  MemorySize,
  MemorySizeExt,
  MemorySizeOptions,
  Mnemonic,
  OpAccess,
  OpCodeOperandKind,
  OpCodeTableKind,
  OpKind,
  Register,
  RegisterExt,
  RepPrefixKind,
  RoundingControl,
} from 'iced-x86';
