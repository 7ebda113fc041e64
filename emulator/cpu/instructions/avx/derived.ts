import type { Definition } from '../../engine/emitter.ts';
import { pick } from '../sse/lanes.ts';
import { type Derivation, lanesOf, writeLanes } from './lanes.ts';

/** Which SSE instruction becomes which kind of VEX instruction. */
const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** Destination and one source. */
const UNARY = words(
  'sqrtps sqrtpd rcpps rsqrtps pabsb pabsw pabsd pshufd pshuflw pshufhw roundps roundpd cvtdq2ps cvtps2dq cvttps2dq ' +
    'movsldup movshdup movddup phminposuw movd movq pmovsxbw pmovsxbd pmovsxbq pmovsxwd pmovsxwq pmovsxdq ' +
    'pmovzxbw pmovzxbd pmovzxbq pmovzxwd pmovzxwq pmovzxdq',
);
/** The same; each lane takes half of its width. */
const WIDENING = words('cvtps2pd cvtdq2pd');
/** Two lanes give one. */
const NARROWING = words('cvtpd2ps cvtpd2dq cvttpd2dq');
const SHIFTS = words('psllw pslld psllq psrlw psrld psrlq psraw psrad');
/** No destination register of theirs is a vector, or they are made by other means. */
const NOT_DERIVED = words(
  'ucomiss ucomisd comiss comisd cvtss2si cvtsd2si cvttss2si cvttsd2si movmskps movmskpd pmovmskb ldmxcsr stmxcsr ' +
    'maskmovdqu ptest pcmpestri pcmpestrm pcmpistri pcmpistrm movdqa movdqu pblendvb blendvps blendvpd ' +
    'pextrb pextrw pextrd pextrq movss movsd dpps dppd',
);
const ONE_LANE = words('phminposuw');
const IMMEDIATE_SHIFTS: Readonly<Record<string, number>> = { shufpd: 2, blendps: 4, blendpd: 2, mpsadbw: 3 };

function derive(definition: Definition): Definition[] {
  const { name, sizes } = definition;
  if (NOT_DERIVED.has(name)) return [];
  const shapes = definition.shapes.filter((shape) => shape.startsWith('v'));
  if (WIDENING.has(name)) {
    const how: Derivation = { operands: [0, 1], halfSource: true };
    return [make(name, [64, 128], shapes, definition, how, (shape) => shape)];
  }
  if (UNARY.has(name)) {
    const how: Derivation = { operands: [0, 1] };
    const all = name === 'movddup' ? [64, 256] : sizes.includes(128) && !ONE_LANE.has(name) ? [128, 256] : sizes;
    return [make(name, all, shapes, definition, how, (shape) => shape)];
  }
  if (NARROWING.has(name)) {
    return [
      {
        name: `v${name}`,
        sizes: [128, 256],
        shapes,
        rare: true,
        emit: (e) => {
          const [low, high] = lanesOf(e, definition, e.form.shape, { operands: [0, 1] });
          writeLanes(e, [high ? e.f.let(pick(8, low!, high, [0, 2])) : low!]);
        },
      },
    ];
  }
  const how: Derivation = {
    operands: [1, 2],
    ...(name in IMMEDIATE_SHIFTS && { immediateShift: IMMEDIATE_SHIFTS[name]! }),
    ...(SHIFTS.has(name) && { sharedSource: true }),
  };
  const all = sizes.includes(128) && !ONE_LANE.has(name) ? [128, 256] : sizes;
  return [make(name, all, shapes, definition, how, (shape) => `v${shape}`)];
}

function make(
  name: string,
  sizes: readonly number[],
  shapes: readonly string[],
  definition: Definition,
  how: Derivation,
  vexShape: (shape: string) => string,
): Definition {
  const shapeOf = new Map(shapes.map((shape) => [vexShape(shape), shape]));
  return {
    name: `v${name}`,
    sizes,
    shapes: [...shapeOf.keys()],
    rare: true,
    emit: (e) => {
      const shape = shapeOf.get(e.form.shape)!;
      writeLanes(e, lanesOf(e, definition, shape, how));
    },
  };
}

export const derivedFrom = (definitions: readonly Definition[]): Definition[] => definitions.flatMap(derive);
