/** How a row of a view looks, without a word of `vscode`: the models make rows, the trees show them. */
export interface RowLook {
  /** Unique within the view, and the same for the same thing at the next stop. */
  readonly id: string;
  readonly label: string;
  readonly description: string;
  /** Markdown. */
  readonly tooltip: string;
  /** A codicon's name. */
  readonly icon?: string;
  readonly mark: RowMark;
  /** What `when` clauses of the row's commands test. */
  readonly context: string;
}

/** `changed`: since the last stop; `wrong`: the machine would raise an exception for it. */
export type RowMark = 'none' | 'changed' | 'wrong';
