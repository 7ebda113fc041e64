import type { DebugProtocol } from '@vscode/debugprotocol';
import type { PendingEvent } from '../../emulator/api.ts';
import { compileCondition, type Predicate } from '../expressions/conditions.ts';
import type { Environment } from '../expressions/evaluate.ts';
import { ExpressionError } from '../expressions/tokens.ts';
import { RequestError } from './requestError.ts';

type Cause = NonNullable<PendingEvent['controlProtection']>['cause'];

/** The checkboxes of the Breakpoints view. */
interface Filter {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly default: boolean;
  readonly vectors: readonly number[];
  readonly cause?: Cause;
}

const CONTROL_PROTECTION = 21;

const CAUSES: readonly [id: string, cause: Cause, description: string][] = [
  ['cp.nearRet', 'NEAR-RET', 'A near RET whose return address differs from the shadow stack.'],
  ['cp.farRet', 'FAR-RET/IRET', 'A far RET or IRET that differs from the shadow stack.'],
  ['cp.endbranch', 'ENDBRANCH', 'An indirect CALL or JMP that does not land on ENDBR.'],
  ['cp.rstorssp', 'RSTORSSP', 'RSTORSSP with a wrong restore token.'],
  ['cp.setssbsy', 'SETSSBSY', 'SETSSBSY with a wrong or busy supervisor token.'],
];

const VECTORS: readonly [id: string, label: string, vector: number, description: string][] = [
  ['de', '#DE divide error', 0, 'Vector 0.'],
  ['db', '#DB debug exception', 1, 'Vector 1, as the guest itself uses it.'],
  ['ud', '#UD invalid opcode', 6, 'Vector 6.'],
  ['df', '#DF double fault', 8, 'Vector 8.'],
  ['gp', '#GP general protection', 13, 'Vector 13.'],
  ['pf', '#PF page fault', 14, 'Vector 14; `cr2` and `errorCode` can stand in its condition.'],
];

const named = new Set([...VECTORS.map(([, , vector]) => vector), CONTROL_PROTECTION]);
/** Vectors 0 to 31 that have no box of their own, NMI (2) left out: it is no exception. */
const OTHERS = Array.from({ length: 32 }, (_, vector) => vector).filter((vector) => vector !== 2 && !named.has(vector));

/** Stops where #CP(NEAR-RET) would, but as a stop before the RET, which can still be repaired. */
export const MISMATCH_FILTER = 'mismatch';

export const FILTERS: readonly Filter[] = [
  ...CAUSES.map(([id, cause, description]) => ({
    ...{ id, label: `#CP ${cause}`, description, default: true },
    ...{ vectors: [CONTROL_PROTECTION], cause },
  })),
  {
    id: MISMATCH_FILTER,
    label: 'Return mismatch before RET',
    description: 'Stops at a near RET that is about to fail the shadow-stack comparison.',
    default: false,
    vectors: [CONTROL_PROTECTION],
    cause: 'NEAR-RET',
  },
  ...VECTORS.map(([id, label, vector, description]) => ({ id, label, description, default: false, vectors: [vector] })),
  {
    id: 'others',
    label: 'Other exceptions',
    description: `Vectors ${OTHERS.join(', ')}.`,
    default: false,
    vectors: OTHERS,
  },
];

export const FILTER_DESCRIPTIONS: DebugProtocol.ExceptionBreakpointsFilter[] = FILTERS.map((filter) => ({
  filter: filter.id,
  label: filter.label,
  description: filter.description,
  default: filter.default,
  supportsCondition: true,
  conditionDescription: 'Expression, for example errorCode == 3, cr2 < 0x1000 or rip == handler',
}));

/** Which filters are on, with their conditions; on from the start as their defaults say. */
export class ExceptionFilters {
  private active = new Map<string, Predicate | undefined>();

  constructor() {
    for (const filter of FILTERS) if (filter.default) this.active.set(filter.id, undefined);
  }

  /** Answers for each option in order, as DAP wants it. */
  set(options: readonly { readonly filterId: string; readonly condition?: string }[]): DebugProtocol.Breakpoint[] {
    const active = new Map<string, Predicate | undefined>();
    const answers: DebugProtocol.Breakpoint[] = [];
    for (const { filterId, condition } of options) {
      if (!FILTERS.some((filter) => filter.id === filterId)) {
        throw new RequestError(
          `${filterId} is not an exception filter; one of ${FILTERS.map((filter) => filter.id).join(', ')} is expected.`,
        );
      }
      try {
        active.set(filterId, condition?.trim() ? compileCondition(condition) : undefined);
        answers.push({ verified: true });
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        answers.push({ verified: false, message: error.message });
      }
    }
    this.active = active;
    return answers;
  }

  get vectors(): number {
    let mask = 0;
    for (const filter of FILTERS) {
      if (this.active.has(filter.id)) for (const vector of filter.vectors) mask |= 1 << vector;
    }
    return mask;
  }

  /** The first filter that stops for the event. `environment` is only asked for when there is a condition. */
  match(event: PendingEvent, environment: () => Environment): string | undefined {
    if (event.source === 'external') return undefined;
    for (const { id, vectors, cause } of FILTERS) {
      if (!this.active.has(id) || !vectors.includes(event.vector)) continue;
      if (cause !== undefined && event.controlProtection?.cause !== cause) continue;
      const condition = this.active.get(id);
      if (condition === undefined || holds(condition, environment())) return id;
    }
    return undefined;
  }
}

/** A condition that cannot be evaluated stops: going on would hide that it is wrong. */
function holds(condition: Predicate, environment: Environment): boolean {
  try {
    return condition(environment);
  } catch (error) {
    if (error instanceof ExpressionError) return true;
    throw error;
  }
}
