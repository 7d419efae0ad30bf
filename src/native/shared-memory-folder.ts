/**
 * Where the MPI library keeps what the ranks of one node share in memory: a folder of `/dev/shm` for each job and node.
 *
 * A rank that is killed leaves its files there, and nobody else knows their names; so whoever ends the job removes the
 * folder. Its owners are the ranks: when all of them are gone, the next job of this user on this host removes it too.
 */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { joinJobFolder, removeTree, sweepJobFolders } from './job-folder.js';
import type { NodeIdentity } from './proc.js';
import { nodeIdentity, nodeKey } from './proc.js';
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

/** The processes of a job on one node are gone, or nobody needs what they share. */
export function removeSharedMemoryOfNode(jobFolder: string): void {
  removeTree(sharedMemoryFolder(jobFolder, nodeIdentity()));
}

/** The same for all nodes of a job that are on this host: those that have a node manager, and those that have none. */
export function removeSharedMemoryOfJob(jobFolder: string): void {
  for (const name of names()) if (name.startsWith(jobPrefix(jobFolder))) removeTree(join(root, name));
}

/** Remove what MPICH has left in `/dev/shm`, made at `sinceMs` of the clock or later. */
export function removeMpichFiles(sinceMs: number): void {
  const files = names().filter((name) => name.startsWith(mpichPrefix));
  removeUnusedFiles(
    files.map((name) => join(root, name)),
    sinceMs,
  );
}

/** Remove the folders of this user whose ranks are all gone. */
export function sweepSharedMemory(): void {
  sweepJobFolders(root);
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

function names(): string[] {
  try {
    return readdirSync(root);
  } catch {
    return [];
  }
}
