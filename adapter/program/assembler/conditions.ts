import { type Place, StatementError } from './diagnostics.ts';

interface Condition {
  readonly place: Place;
  /** Whether statements outside it are assembled. */
  readonly outer: boolean;
  active: boolean;
  /** A branch was taken already. */
  taken: boolean;
  sawElse: boolean;
}

/** Directives that count even where statements are skipped. */
const FOLLOWED = /^\.(if[a-z]*|else|elseif|elsec|endif|endc)$/;

/** The nesting of `.if` and its kin. */
export class ConditionStack {
  readonly open: Condition[] = [];

  get active(): boolean {
    return this.open.length === 0 || this.open[this.open.length - 1]!.active;
  }

  follows(directive: string): boolean {
    return FOLLOWED.test(directive);
  }

  begin(holds: boolean, place: Place): void {
    if (this.open.length >= 1000) throw new StatementError('Conditions are nested more than 1000 deep.');
    const outer = this.active;
    this.open.push({ place, outer, active: outer && holds, taken: holds, sawElse: false });
  }

  #top(directive: string): Condition {
    const top = this.open[this.open.length - 1];
    if (top === undefined) throw new StatementError(`${directive} has no .if before it.`);
    return top;
  }

  /** `evaluate` runs only when the condition can still hold. */
  elseIf(evaluate: () => boolean): void {
    const top = this.#top('.elseif');
    if (top.sawElse) throw new StatementError(".elseif can't follow .else.");
    if (top.taken || !top.outer) {
      top.active = false;
      return;
    }
    top.active = true;
    const holds = evaluate();
    top.active = holds;
    top.taken = holds;
  }

  otherwise(): void {
    const top = this.#top('.else');
    if (top.sawElse) throw new StatementError('This .if has an .else already.');
    top.sawElse = true;
    top.active = top.outer && !top.taken;
    top.taken = true;
  }

  end(): void {
    this.#top('.endif');
    this.open.pop();
  }

  /** Forgets what a macro that is left early had opened. */
  unwind(depth: number): void {
    this.open.length = Math.min(this.open.length, depth);
  }
}
