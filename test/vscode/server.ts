import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeServer, serverNode } from './install.ts';

/** What a person who tests would switch off: telemetry, updates, greetings, and languages that look around for tools. */
const quietSettings = {
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'security.workspace.trust.enabled': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'remote.autoForwardPorts': false,
  'npm.autoDetect': 'off',
  'gulp.autoDetect': 'off',
  'grunt.autoDetect': 'off',
  'jake.autoDetect': 'off',
  'typescript.disableAutomaticTypeAcquisition': true,
  'editor.accessibilitySupport': 'off',
};

export interface ServerOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  /** A packaged extension to install first. */
  readonly vsix?: string;
  /** Lets the page name extensions and tests to load from folders. */
  readonly developmentHost?: boolean;
  /** Asks whether the folder is trusted, as VS Code does; otherwise every folder is. */
  readonly asksForTrust?: boolean;
}

export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a workbench server with folders of its own on a free loopback port; `stop` ends all its processes. */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  // Short: sockets are made below it, and their paths may have 108 bytes.
  const base = mkdtempSync(join(tmpdir(), 'cs-'));
  const folder = (name: string): string => {
    const path = join(base, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const userData = folder('ud');
  const extensions = folder('ext');
  writeFileSync(join(folder('ud/User'), 'settings.json'), JSON.stringify({ ...quietSettings, ...options.settings }));
  const env = cleanEnvironment({ HOME: folder('home'), TMPDIR: folder('t') });
  const entry = join(codeServer, 'out/node/entry.js');
  const folders = ['--user-data-dir', userData, '--extensions-dir', extensions];
  if (options.vsix)
    execFileSync(serverNode, [entry, ...folders, '--install-extension', options.vsix], { env, stdio: 'pipe' });

  const child = spawn(
    serverNode,
    [
      entry,
      ...['--config', join(base, 'code-server.yaml'), '--bind-addr', '127.0.0.1:0', '--auth', 'none', ...folders],
      ...['--disable-telemetry', '--disable-update-check', '--disable-proxy'],
      ...(options.asksForTrust ? [] : ['--disable-workspace-trust']),
      ...['--disable-getting-started-override', '--ignore-last-opened', '--idle-timeout-seconds', '180'],
      // Without it the page may not name an extension under development. Any page could then: loopback only, throw-away data.
      ...(options.developmentHost ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
    ],
    { cwd: base, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const killGroup = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-child.pid!, signal);
    } catch {
      // The group has ended.
    }
  };
  const lastResort = (): void => killGroup('SIGKILL');
  process.once('exit', lastResort);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await listening(child, join(base, 'server.log'));
  return {
    url,
    async stop() {
      killGroup('SIGTERM');
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 3000))]);
      killGroup('SIGKILL');
      await ended;
      process.off('exit', lastResort);
      rmSync(base, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The environment without what code-server and the extension host react to. */
function cleanEnvironment(own: Record<string, string>): NodeJS.ProcessEnv {
  const loaded = /^(VSCODE_|ELECTRON_|CODE_SERVER_|CS_|XDG_)|^(NODE_OPTIONS|PASSWORD|HASHED_PASSWORD|PORT)$/;
  const kept = Object.entries(process.env).filter(([key]) => !loaded.test(key));
  return { ...Object.fromEntries(kept), ...own };
}

function listening(child: ChildProcess, logFile: string): Promise<string> {
  const log = createWriteStream(logFile);
  let text = '';
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the server did not listen within 60 s:\n${text}`)), 60_000);
    const read = (data: Buffer): void => {
      log.write(data);
      text += data;
      const url = /HTTP server listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1];
      if (!url) return;
      clearTimeout(timer);
      resolve(url);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', () => reject(new Error(`the server ended:\n${text}`)));
  });
}

/** The address of a workbench; `extension` and `tests` are folders to load from (with `developmentHost`). */
export function workbenchUrl(server: Server, at: { folder?: string; extension?: string; tests?: string } = {}): string {
  const url = new URL(server.url);
  if (at.folder) url.searchParams.set('folder', at.folder);
  // The page takes its own host for the remote's name, so the payload must say the same.
  const remote = (path: string): string => `vscode-remote://${url.host}${path}`;
  const payload: [string, string][] = [];
  if (at.extension) payload.push(['extensionDevelopmentPath', remote(at.extension)]);
  if (at.tests) payload.push(['extensionTestsPath', remote(at.tests)]);
  if (payload.length > 0) url.searchParams.set('payload', JSON.stringify(payload));
  return url.toString();
}
