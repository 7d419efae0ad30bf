/**
 * Private folders of jobs: sockets, the token, what MPI keeps. Each says whose it is, so that what was left is found.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { LaunchError } from '../errors.js';
import { isPrivateFolder, makePrivateFolder } from './private-folder.js';
import type { NodeIdentity } from './proc.js';
import { isLiving, nodeIdentity, readProcess } from './proc.js';

const prefix = 'shoal-';
const ownerFile = 'owner.json';
const ownerFiles = /^owner(-\d+)?\.json$/;
/** As `mkdtemp` names them, `nodeFolder`, and `sharedMemoryFolder`: an empty one is of nobody else. */
const ownNames = /^shoal-([A-Za-z0-9]{6}|[0-9a-f]{32}|[0-9a-f]{16}-[0-9a-f]{16})$/;
const tokenFile = 'token';
const folderMode = 0o700;
const fileMode = 0o600;
/** How often a folder is made again that was swept before it had an owner. */
const makeAgain = 10;

/** A process that a folder is made for: when the last is gone, nobody needs it. */
export interface Owner extends Pick<NodeIdentity, 'hostname' | 'bootId' | 'pidNamespace'> {
  readonly pid: number;
  readonly startTime: number;
}

/**
 * Make a folder that nobody else reaches, in TMPDIR, and remove those whose owner is gone. Whoever makes it removes it.
 *
 * @throws {@link LaunchError} where none can be made.
 */
export function makeJobFolder(): string {
  // Of a path that is not absolute each process of the job would make another.
  const root = resolve(tmpdir());
  sweepJobFolders(root);
  try {
    // mkdtemp makes it with mode 0700.
    return makeOwned(() => mkdtempSync(join(root, prefix)), ownerFile);
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
  makeOwned(() => {
    mkdirSync(path, { mode: folderMode });
    return path;
  }, ownerFile);
}

/** Have this process be one of the owners of a folder that several share, and whoever comes first makes. @throws */
export function joinJobFolder(path: string): void {
  makeOwned(() => {
    makePrivateFolder(path);
    if (!isPrivateFolder(path)) throw new Error(`${path} is not a folder of this user alone`);
    return path;
  }, `owner-${process.pid}.json`);
}

/** Remove a folder, or a file, that others may be removing as well. */
export function removeTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Somebody else was faster, or still writes there: then a sweep removes it.
  }
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

/** Remove the folders of this user in `root` whose owners are gone, and those of ours that are empty. */
export function sweepJobFolders(root: string): void {
  for (const folder of foldersIn(root)) {
    try {
      if (!isPrivateFolder(folder)) continue;
      const owners = ownersOf(folder);
      if (owners.length > 0 && owners.every(isGone)) rmSync(folder, { recursive: true, force: true });
      // One that is being made is made again; one with something in it stays.
      if (owners.length === 0 && ownNames.test(basename(folder))) rmdirSync(folder);
    } catch {
      // No folder of ours, one that is being made, or somebody else was faster.
    }
  }
}

/** The processes that a folder is made for. @throws Where it cannot be read. */
export function ownersOf(folder: string): Owner[] {
  const names = readdirSync(folder).filter((name) => ownerFiles.test(name));
  return names.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Owner);
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

/** A sweep may come between the folder and its owner. */
function makeOwned(make: () => string, file: string): string {
  for (let left = makeAgain; ; left--) {
    const folder = make();
    try {
      writeOwner(folder, file);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || left === 0) throw error;
    }
  }
}

function writeOwner(folder: string, file: string): void {
  const { hostname, bootId, pidNamespace } = nodeIdentity();
  const { pid, startTime } = readProcess('self') ?? { pid: process.pid, startTime: -1 };
  const owner: Owner = { pid, startTime, hostname, bootId, pidNamespace };
  writeFileSync(join(folder, file), JSON.stringify(owner), { mode: fileMode, flag: 'wx' });
}
