/** Writes the generated part of package.json: `contributes.debuggers` and `contributes.breakpoints`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { breakpointLanguages, debuggerContribution } from './debuggerContribution.ts';

const file = new URL('../../package.json', import.meta.url);
const manifest = JSON.parse(readFileSync(file, 'utf8')) as { contributes?: Record<string, unknown> };
manifest.contributes = {
  ...manifest.contributes,
  breakpoints: breakpointLanguages.map((language) => ({ language })),
  debuggers: [debuggerContribution()],
};
writeFileSync(file, `${JSON.stringify(manifest, undefined, 2)}\n`);
