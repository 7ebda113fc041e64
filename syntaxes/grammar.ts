import { alternation } from './alternation.ts';
import type { MnemonicKind } from './mnemonics.ts';

/** The grammar's scope; every scope below ends in the same last part. */
export const scopeName = 'source.x86asm';

interface Rule {
  name?: string;
  match?: string;
  begin?: string;
  end?: string;
  include?: string;
  captures?: Record<string, Rule>;
  beginCaptures?: Record<string, Rule>;
  endCaptures?: Record<string, Rule>;
  patterns?: Rule[];
}

const scope = (name: string): string => `${name}.x86asm`;
const include = (...names: string[]): Rule[] => names.map((name) => ({ include: `#${name}` }));

/** CET and VMX stand out, branches have the color of control flow, the rest is plain keywords. */
const mnemonicScopes: Record<MnemonicKind, string> = {
  cet: scope('support.class.mnemonic.cet'),
  vmx: scope('support.function.mnemonic.vmx'),
  branch: scope('keyword.control.mnemonic.branch'),
  general: scope('keyword.mnemonic'),
  vector: scope('keyword.mnemonic.vector'),
};

const symbol = '[A-Za-z_.][\\w.$]*';
const numbered = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const extended = numbered('r', 16).slice(8);

const registers: Record<string, readonly string[]> = {
  general: [
    ...['ax', 'bx', 'cx', 'dx', 'si', 'di', 'bp', 'sp'].flatMap((name) => [name, `e${name}`, `r${name}`]),
    ...'al bl cl dl ah bh ch dh sil dil bpl spl'.split(' '),
    ...extended.flatMap((name) => [name, `${name}d`, `${name}w`, `${name}b`, `${name}l`]),
  ],
  pointer: ['rip', 'eip', 'ip', 'riz', 'eiz'],
  segment: ['cs', 'ds', 'es', 'fs', 'gs', 'ss'],
  control: [...numbered('cr', 16), ...numbered('dr', 16), ...numbered('db', 16), ...numbered('tr', 8)],
  vector: [
    ...['xmm', 'ymm', 'zmm'].flatMap((prefix) => numbered(prefix, 32)),
    ...numbered('mm', 8),
    ...numbered('k', 8),
    ...numbered('tmm', 8),
    ...numbered('bnd', 4),
    'st',
  ],
};

function registerRules(): Rule[] {
  // `db` is also a data directive of other assemblers and `k1` a likely symbol: those need their percent sign.
  return Object.entries(registers).map(([kind, names]) => ({
    name: scope(`variable.other.register.${kind}`),
    match: `(?i)(?:%|(?<![\\w.$@\\\\%])(?!(?:db|k|tr)\\d))${alternation(names)}${kind === 'vector' ? '(?:\\(\\d\\))?' : ''}(?![\\w.$])`,
  }));
}

/** Where a statement begins: the line's start, or after a semicolon or a label. */
const statement = '(?:^|\\G|(?<=;)|(?<=[\\w$]:))\\s*';

/** The TextMate grammar of GAS assembly for x86, AT&T and Intel syntax alike. */
export function grammar(mnemonics: Readonly<Record<MnemonicKind, readonly string[]>>): Record<string, unknown> {
  const instruction = (kind: MnemonicKind): Rule => ({
    begin: `(?i)${statement}(${alternation(mnemonics[kind])})(?![\\w.$:]|\\s*=)`,
    beginCaptures: { 1: { name: mnemonicScopes[kind] } },
    end: '(?=;)|$',
    patterns: include('operands'),
  });
  return {
    $schema: 'https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json',
    name: 'x86-64 Guest Assembly',
    scopeName,
    patterns: include('preprocessor', 'comments', 'statement'),
    repository: {
      statement: {
        patterns: include(
          'label',
          'assignment',
          'prefix',
          'instructions',
          'macroDefinition',
          'directive',
          'macroCall',
          'operands',
        ),
      },
      ...comments(),
      preprocessor: preprocessor(),
      label: label(),
      assignment: {
        match: `^\\s*(${symbol})\\s*(==?)(?!=)`,
        captures: { 1: { name: scope('variable.other.constant') }, 2: { name: scope('keyword.operator.assignment') } },
      },
      prefix: prefix(),
      instructions: { patterns: (['cet', 'vmx', 'branch', 'general', 'vector'] as const).map(instruction) },
      macroDefinition: {
        begin: `(?i)${statement}(\\.macro)\\s+(${symbol})`,
        beginCaptures: {
          1: { name: scope('keyword.control.directive') },
          2: { name: scope('entity.name.function.macro') },
        },
        end: '(?=;)|$',
        patterns: [
          { name: scope('storage.modifier.macro'), match: ':(?:req|vararg)\\b' },
          ...include('comments', 'numbers', 'strings'),
          { name: scope('variable.parameter.macro'), match: symbol },
        ],
      },
      directive: {
        begin: `${statement}(\\.[A-Za-z_][\\w.]*)(?!\\s*:)`,
        beginCaptures: { 1: { name: scope('keyword.control.directive') } },
        end: '(?=;)|$',
        patterns: include('sectionTypes', 'operands'),
      },
      sectionTypes: {
        name: scope('constant.language.section'),
        match: '[@%](?:progbits|nobits|note|function|object|notype)\\b',
      },
      macroCall: {
        begin: `${statement}([A-Za-z_][\\w.$]*)(?=[\\s(;]|$)`,
        beginCaptures: { 1: { name: scope('entity.name.function.macro.call') } },
        end: '(?=;)|$',
        patterns: include('operands'),
      },
      operands: {
        patterns: include(
          'comments',
          'strings',
          'macroArgument',
          'size',
          'registers',
          'numbers',
          'localLabel',
          'symbol',
          'operators',
        ),
      },
      macroArgument: { name: scope('variable.parameter.macro'), match: '\\\\(?:@|\\(\\)|[A-Za-z_]\\w*)' },
      size: {
        name: scope('storage.type.size'),
        match:
          '(?i)(?<![\\w.$%])(?:(?:byte|word|dword|fword|qword|tbyte|oword|xmmword|ymmword|zmmword)(?:\\s+ptr)?|ptr|offset|short|flat)(?![\\w.$:])',
      },
      registers: { patterns: registerRules() },
      numbers: numbers(),
      localLabel: { name: scope('entity.name.function.label.local'), match: '(?<![\\w.$])[0-9]+[fb](?![\\w.$])' },
      symbol: { name: scope('variable.other.symbol'), match: `(?<![\\w.])${symbol}(?:@[A-Za-z]+)?` },
      strings: strings(),
      operators: {
        patterns: [
          { name: scope('keyword.operator.immediate'), match: '\\$' },
          { name: scope('keyword.operator.indirect'), match: '(?<=\\s)\\*(?=[%(\\w])' },
          { name: scope('keyword.operator.arithmetic'), match: '<<|>>|&&|\\|\\||==|!=|<>|<=|>=|[-+*/|&^~!<>]' },
          { name: scope('punctuation.separator'), match: '[,:;]' },
          { name: scope('punctuation.section.brackets'), match: '[()\\[\\]{}]' },
        ],
      },
    },
  };
}

function comments(): Record<string, Rule> {
  const line = (sign: string): Rule => ({
    name: scope(sign === '#' ? 'comment.line.number-sign' : 'comment.line.double-slash'),
    match: `(${sign}).*$`,
    captures: { 1: { name: scope('punctuation.definition.comment') } },
  });
  return {
    comments: {
      patterns: [{ name: scope('comment.block'), begin: '/\\*', end: '\\*/' }, line('//'), line('#')],
    },
  };
}

/**
 * What makes a line that starts with `#` a preprocessor line and not a comment: the directive directly after it, or,
 * indented, one whose rest has the directive's shape.
 */
const preprocessorWord =
  '(?:include|include_next|define|undef|if|ifdef|ifndef|elif|else|endif|error|warning|pragma|line)\\b' +
  '|\\s+(?:include\\s*["<]|undef\\s+\\w+\\s*$|ifn?def\\s+\\w+\\s*$|(?:el)?if\\s+!?defined\\b|(?:else|endif)\\s*(?:$|/[/*]))';

function preprocessor(): Rule {
  const continuation = { name: scope('constant.character.escape.line-continuation'), match: '\\\\$' };
  const common = { name: scope('meta.preprocessor'), end: '$(?<!\\\\)' };
  return {
    patterns: [
      {
        ...common,
        begin: `^\\s*(#\\s*define)\\s+([A-Za-z_]\\w*)(\\([^)]*\\))?`,
        beginCaptures: {
          1: { name: scope('keyword.control.preprocessor') },
          2: { name: scope('entity.name.function.preprocessor') },
          3: { name: scope('variable.parameter.preprocessor') },
        },
        patterns: [continuation, ...include('prefix', 'instructions', 'operands')],
      },
      {
        ...common,
        begin: `^\\s*(#(?=${preprocessorWord})\\s*\\w+)`,
        beginCaptures: { 1: { name: scope('keyword.control.preprocessor') } },
        patterns: [
          { name: scope('string.quoted.other.include'), match: '(?<=include)\\s*<[^>]*>' },
          continuation,
          ...include('operands'),
        ],
      },
    ],
  };
}

function label(): Rule {
  return {
    patterns: [
      {
        match: `${statement}(${symbol})\\s*(:)(?!:)`,
        captures: {
          1: { name: scope('entity.name.function.label') },
          2: { name: scope('punctuation.separator.label') },
        },
      },
      {
        match: `${statement}([0-9]+)(:)`,
        captures: {
          1: { name: scope('entity.name.function.label.local') },
          2: { name: scope('punctuation.separator.label') },
        },
      },
    ],
  };
}

function prefix(): Rule {
  const one = (name: string, names: string): Rule => ({
    begin: `(?i)${statement}(${names})(?![\\w.$:])`,
    beginCaptures: { 1: { name: scope(name) } },
    end: '(?=;)|$',
    patterns: include('comments', 'prefix', 'instructions', 'operands'),
  });
  return {
    patterns: [
      one('support.class.prefix.cet', 'notrack'),
      one(
        'storage.modifier.prefix',
        'lock|repn?[ez]?|xacquire|xrelease|bnd|data(?:16|32)|addr(?:16|32)|rex(?:\\.[wrxb]+)?|rex64|\\{(?:evex|vex[23]?|disp(?:8|16|32)|load|store|rex|nooptimize)\\}',
      ),
    ],
  };
}

function numbers(): Rule {
  const one = (kind: string, digits: string): Rule => ({
    name: scope(`constant.numeric.${kind}`),
    match: `(?i)(?<![\\w.\\\\])${digits}(?![\\w.$])`,
  });
  return {
    patterns: [
      one('integer.hexadecimal', '(?:0x[0-9a-f]+|[0-9][0-9a-f]*h)'),
      one('integer.binary', '0b[01]+'),
      one('float', '(?:0[defg][-+]?)?[0-9]+(?:\\.[0-9]*(?:e[-+]?[0-9]+)?|e[-+]?[0-9]+)'),
      one('integer.octal', '0[0-7]+'),
      one('integer.decimal', '[0-9]+'),
    ],
  };
}

function strings(): Rule {
  const escaped: Rule = { name: scope('constant.character.escape'), match: '\\\\(?:[0-7]{1,3}|x[0-9A-Fa-f]+|.)' };
  return {
    patterns: [
      { name: scope('string.quoted.double'), begin: '"', end: '"|$', patterns: [escaped] },
      { name: scope('constant.character'), match: "'(?:\\\\.|[^\\\\'])'?" },
    ],
  };
}
