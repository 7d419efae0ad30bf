/**
 * Where the MPI library keeps what the ranks of one node share in memory: a folder of `/dev/shm` for each job and node.
 *
 * A rank that is killed leaves its files there, and nobody else knows their names; so whoever ends the job removes the
 * folder. Its owners are the ranks: when all of them are gone, the next job of this user on this host removes it too.
 */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from './job-folder.js';
import { joinJobFolder, ownersOf, removeTree, sweepJobFolders } from './job-folder.js';
import type { NodeIdentity } from './proc.js';
import { isLiving, nodeIdentity, nodeKey } from './proc.js';
import { removeUnusedFiles } from './unused-files.js';

const root = '/dev/shm';
const hashLength = 16;
/** MPICH chooses these names and this place itself. */
const mpichPrefix = 'mpich_shar_tmp';

/**
 * Make this node's folder of a job, unless it is there, for this process and its like.
 *
 * @param jobFolder - The head's folder of the job: no other job has the same.
 * @returns Its path; undefined where there can be none: MPI then does as it would without.
 */
export function joinSharedMemoryFolder(jobFolder: string): string | undefined {
  const path = sharedMemoryFolder(jobFolder, nodeIdentity());
  try {
    joinJobFolder(path);
    return path;
  } catch {
    return undefined;
  }
}

/**
 * A job is over on this node: its ranks are gone, or are about to go.
 *
 * @param sinceMs - When it began at the earliest: of what has no name of ours nothing is removed that is older.
 */
export function removeSharedMemoryOfNode(jobFolder: string, sinceMs: number): void {
  removeAll([sharedMemoryFolder(jobFolder, nodeIdentity())], sinceMs);
}

/** The same for all of its nodes that are on this host: those that have a node manager, and those that have none. */
export function removeSharedMemoryOfJob(jobFolder: string, sinceMs: number): void {
  removeAll(named(jobPrefix(jobFolder)), sinceMs);
}

/** Remove the folders of this user whose ranks are all gone. */
export function sweepSharedMemory(): void {
  sweepJobFolders(root);
}

function removeAll(folders: readonly string[], sinceMs: number): void {
  const ranks = folders.flatMap(ranksOf).filter(isLiving);
  removeUnusedFiles(named(mpichPrefix), sinceMs, new Set(ranks.map(({ pid }) => pid)));
  for (const folder of folders) removeTree(folder);
}

function ranksOf(folder: string): Owner[] {
  try {
    return ownersOf(folder);
  } catch {
    return []; // it is gone
  }
}

function sharedMemoryFolder(jobFolder: string, identity: NodeIdentity): string {
  return join(root, `${jobPrefix(jobFolder)}${hash(nodeKey(identity))}`);
}

function jobPrefix(jobFolder: string): string {
  return `shoal-${hash(jobFolder)}-`;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, hashLength);
}

function named(prefix: string): string[] {
  try {
    const names = readdirSync(root).filter((name) => name.startsWith(prefix));
    return names.map((name) => join(root, name));
  } catch {
    return []; // there is no such place here
  }
}
