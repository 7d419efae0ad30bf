/** Private folders of jobs: sockets, the token, what MPI keeps. Each says whose it is, so that what was left is found. */
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LaunchError } from '../errors.js';
import type { NodeIdentity } from './proc.js';
import { isLiving, nodeIdentity, readProcess } from './proc.js';

const prefix = 'shoal-';
const ownerFile = 'owner.json';
const tokenFile = 'token';
const folderMode = 0o700;
const fileMode = 0o600;

/** The process that removes a folder when all is well. */
interface Owner extends Pick<NodeIdentity, 'hostname' | 'bootId' | 'pidNamespace'> {
  readonly pid: number;
  readonly startTime: number;
}

/**
 * Make a folder that nobody else reaches, in TMPDIR, and remove those whose owner is gone. Whoever makes it removes it.
 *
 * @throws {@link LaunchError} where none can be made.
 */
export function makeJobFolder(): string {
  const root = tmpdir();
  sweepJobFolders(root);
  try {
    // mkdtemp makes it with mode 0700.
    const folder = mkdtempSync(join(root, prefix));
    writeOwner(folder);
    return folder;
  } catch (cause) {
    const { message } = cause as Error;
    throw new LaunchError(
      `cannot make a folder in ${root}: ${message}; set TMPDIR to a folder that this user can write`,
      { folder: root },
      { cause },
    );
  }
}

/** Make one of a given name, which nobody can guess: whatever is there already is not ours. @throws */
export function makeNamedJobFolder(path: string): void {
  mkdirSync(path, { mode: folderMode });
  writeOwner(path);
}

/** Put a job's token where the ranks of this host find it, and nobody else. */
export function writeToken(folder: string, token: string): void {
  writeFileSync(join(folder, tokenFile), token, { mode: fileMode, flag: 'wx' });
}

/** The token of a job's folder; undefined where there is none. */
export function readToken(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, tokenFile), 'latin1');
  } catch {
    return undefined;
  }
}

/** Every rank of this host has it. */
export function removeToken(folder: string): void {
  rmSync(join(folder, tokenFile), { force: true });
}

/** Remove the folders of this user in `root` whose owner was a process that is gone. */
export function sweepJobFolders(root: string): void {
  for (const folder of foldersIn(root)) {
    try {
      const { uid, mode } = lstatSync(folder);
      if (uid !== process.getuid?.() || (mode & 0o777) !== folderMode) continue;
      const owner = JSON.parse(readFileSync(join(folder, ownerFile), 'utf8')) as Owner;
      if (isGone(owner)) rmSync(folder, { recursive: true, force: true });
    } catch {
      // No folder of ours, one that is being made, or somebody else was faster.
    }
  }
}

function foldersIn(root: string): string[] {
  try {
    const entries = readdirSync(root, { withFileTypes: true });
    return entries.flatMap((entry) =>
      entry.isDirectory() && entry.name.startsWith(prefix) ? [join(root, entry.name)] : [],
    );
  } catch {
    return [];
  }
}

/** Only what this process can see for itself: the folder may be that of another host or container. */
function isGone(owner: Owner): boolean {
  const { hostname, bootId, pidNamespace } = nodeIdentity();
  if (owner.bootId !== bootId) return owner.hostname === hostname && owner.pidNamespace === pidNamespace;
  return owner.pidNamespace === pidNamespace && !isLiving(owner);
}

function writeOwner(folder: string): void {
  const { hostname, bootId, pidNamespace } = nodeIdentity();
  const { pid, startTime } = readProcess('self') ?? { pid: process.pid, startTime: -1 };
  const owner: Owner = { pid, startTime, hostname, bootId, pidNamespace };
  writeFileSync(join(folder, ownerFile), JSON.stringify(owner), { mode: fileMode, flag: 'wx' });
}
