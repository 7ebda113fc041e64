import * as vscode from 'vscode';
import { expressionAt } from './expressionAt.ts';

/** Tells VS Code what to evaluate for a hover while debugging. */
export class EvaluatableExpressions implements vscode.EvaluatableExpressionProvider {
  provideEvaluatableExpression(
    document: vscode.TextDocument,
    position: vscode.Position,
  ): vscode.EvaluatableExpression | undefined {
    const span = expressionAt(document.lineAt(position.line).text, position.character);
    if (!span) return undefined;
    const range = new vscode.Range(position.line, span.start, position.line, span.end);
    return new vscode.EvaluatableExpression(range, span.expression);
  }
}
