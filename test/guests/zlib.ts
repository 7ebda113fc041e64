/** zlib's sources as Debian distributes them, fetched by apt into `.cache/`; nothing of it is part of the project. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cache = join(dirname(fileURLToPath(import.meta.url)), '../../.cache/zlib');
const directory = join(cache, 'source');

/** What compressing and checking takes; no files of the gz… interface. */
const wanted = ['adler32', 'crc32', 'deflate', 'inffast', 'inflate', 'inftrees', 'trees', 'zutil'];

export function zlibSources(from: string): string[] {
  return wanted.map((name) => join(from, `${name}.c`));
}

/** Why zlib cannot be had here; undefined when it is there or can be fetched. */
export function missingZlib(): string | undefined {
  if (existsSync(join(directory, 'zlib.h'))) return undefined;
  try {
    execFileSync('apt-get', ['--version'], { stdio: 'ignore' });
    execFileSync('dpkg-source', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'zlib is fetched by apt-get and dpkg-source, which are not installed';
  }
}

/** Answers the directory of the sources, fetched and unpacked when they are not there yet. */
export function fetchZlib(): string {
  if (existsSync(join(directory, 'zlib.h'))) return directory;
  const work = join(cache, `fetch-${process.pid}`);
  const lists = join(work, 'lists');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  // A list of our own: the system's may have no source packages, and is not ours to change.
  writeFileSync(join(work, 'sources.list'), `deb-src http://deb.debian.org/debian ${release()} main\n`);
  const options = [
    ...['-o', `Dir::Etc::sourcelist=${join(work, 'sources.list')}`, '-o', 'Dir::Etc::sourceparts=-'],
    ...['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${work}`, '-o', 'APT::Sandbox::User=root'],
  ];
  run('apt-get', [...options, 'update'], work);
  run('apt-get', [...options, 'source', '--download-only', 'zlib'], work);
  const description = readdirSync(work).find((name) => name.endsWith('.dsc'));
  if (!description) throw new Error('apt-get source zlib brought no .dsc file, expected one.');
  run('dpkg-source', ['--no-check', '-x', description, 'source'], work);
  if (!existsSync(directory)) renameSync(join(work, 'source'), directory);
  rmSync(work, { recursive: true, force: true });
  return directory;
}

/** The release whose sources to take: this machine's, or the stable one that the project is tested on. */
function release(): string {
  try {
    const name = execFileSync('sh', ['-c', '. /etc/os-release; echo "$ID $VERSION_CODENAME"'], {
      encoding: 'utf8',
    }).trim();
    return name.startsWith('debian ') ? name.slice('debian '.length) : 'bookworm';
  } catch {
    return 'bookworm';
  }
}

function run(command: string, parameters: readonly string[], cwd: string): void {
  try {
    execFileSync(command, parameters, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    throw new Error(`${command} cannot fetch zlib's sources:\n${stderr?.toString() ?? String(error)}`);
  }
}
