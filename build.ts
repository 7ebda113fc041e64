/**
 * Builds dist/: the extension, the debug adapter and the command line, each one CommonJS file, and the files they read
 * beside them.
 *
 *   tsx build.ts            one build
 *   tsx build.ts --watch    rebuild on change
 *   tsx build.ts --release  minified, no source maps
 */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, context } from 'esbuild';
import { buildStepModule } from './emulator/cpu/engine/stepModule.ts';
import { toFiles } from './emulator/cpu/engine/stepModuleFile.ts';

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, 'dist');
const watch = process.argv.includes('--watch');
const release = process.argv.includes('--release');

interface Bundle {
  readonly entry: string;
  readonly output: string;
  readonly external?: readonly string[];
}

const bundles: readonly Bundle[] = [
  { entry: 'extension/extension.ts', output: 'extension.cjs', external: ['vscode'] },
  { entry: 'adapter/main.ts', output: 'adapter.cjs' },
  { entry: 'adapter/cli.ts', output: 'cli.cjs' },
];

/** What has to exist before the bundles are made, in order. The emulator's step-tier module is generated here. */
const generators: readonly { readonly name: string; run(): Promise<void> }[] = [
  {
    name: 'step tier',
    run: async () => {
      const { wasm, index } = toFiles(buildStepModule());
      writeFileSync(join(dist, 'stepTier.wasm'), wasm);
      writeFileSync(join(dist, 'stepTier.json'), index);
    },
  },
];

/** Files that a bundle opens at run time, by the path it expects: beside itself. */
const assets: readonly { readonly from: string; readonly to: string }[] = [
  // iced-x86 reads its module with fs from __dirname.
  {
    from: join(dirname(createRequire(import.meta.url).resolve('iced-x86')), 'iced_x86_bg.wasm'),
    to: 'iced_x86_bg.wasm',
  },
];

function options(bundle: Bundle): BuildOptions {
  return {
    absWorkingDir: root,
    entryPoints: [bundle.entry],
    outfile: join(dist, bundle.output),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    external: [...(bundle.external ?? [])],
    minify: release,
    sourcemap: release ? false : 'linked',
    legalComments: 'none',
    logLevel: 'warning',
  };
}

async function main(): Promise<void> {
  mkdirSync(dist, { recursive: true });
  for (const generator of generators) await generator.run();
  for (const asset of assets) copyFileSync(asset.from, join(dist, asset.to));
  for (const bundle of bundles) {
    if (!existsSync(join(root, bundle.entry))) {
      console.log(`${bundle.output} is not built: ${bundle.entry} does not exist.`);
      continue;
    }
    if (watch) await (await context(options(bundle))).watch();
    else await build(options(bundle));
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
