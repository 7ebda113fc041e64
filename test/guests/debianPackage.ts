/** Packages of Debian, fetched by apt into `.cache/`; nothing of them is part of the project. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cache = join(dirname(fileURLToPath(import.meta.url)), '../../.cache');
const directoryOf = (name: string): string => join(cache, name, 'package');

/** Why packages cannot be had here; undefined when these are there or can be fetched. */
export function missingPackages(...names: readonly string[]): string | undefined {
  if (names.every((name) => existsSync(directoryOf(name)))) return undefined;
  try {
    execFileSync('apt-get', ['--version'], { stdio: 'ignore' });
    execFileSync('dpkg-deb', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${names.join(' and ')} are fetched by apt-get and dpkg-deb, which are not installed`;
  }
}

/**
 * Answers the directory of a package's files, fetched and unpacked when they are not there yet. For a package that only
 * stands for the newest of a row, `newest` matches the name of that one among what it depends on.
 */
export function fetchPackage(name: string, newest?: RegExp): string {
  const directory = directoryOf(name);
  if (existsSync(directory)) return directory;
  const work = join(cache, name, `fetch-${process.pid}`);
  mkdirSync(work, { recursive: true });
  const real = newest ? dependency(name, newest, work) : name;
  run('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', real], work);
  const archive = readdirSync(work).find((file) => file.endsWith('.deb'));
  if (!archive) throw new Error(`apt-get download ${real} brought no .deb file, expected one.`);
  run('dpkg-deb', ['-x', archive, 'package'], work);
  if (!existsSync(directory)) renameSync(join(work, 'package'), directory);
  rmSync(work, { recursive: true, force: true });
  return directory;
}

function dependency(name: string, pattern: RegExp, work: string): string {
  const found = pattern.exec(run('apt-cache', ['depends', name], work));
  if (!found) throw new Error(`apt-cache depends ${name} names no ${pattern.source}, expected one.`);
  return found[0];
}

function run(command: string, parameters: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, parameters, { cwd, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`${command} ${parameters.join(' ')} fails:\n${stderr ?? String(error)}`);
  }
}
