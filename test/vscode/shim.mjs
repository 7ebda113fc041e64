#!/usr/bin/env node
// Stands in for the VS Code executable that @vscode/test-electron starts: passes its arguments to shim.ts.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const tsx = at('../../node_modules/tsx/dist/cli.mjs');
const child = spawn(process.execPath, [tsx, at('shim.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));
