/**
 * Where pools that run by themselves are found: one file each, which holds the token and which only the user can read.
 */
import type { Stats } from 'node:fs';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { environment } from '../env.js';
import { LaunchError } from '../errors.js';
import { makePrivateFolder } from '../native/private-folder.js';
import { isLiving, nodeIdentity } from '../native/proc.js';
import type { ProcessIdentity } from '../protocol/control-messages.js';

const fileMode = 0o600;
const homeHint = 'set SHOAL_HOME to a folder that this user can make or write';
/** Rights of the group and of others. */
const foreignRights = 0o077;

/** What a file says of its pool. */
export interface PoolAddress extends ProcessIdentity {
  /** Such as `127.0.0.1:40123`. */
  readonly address: string;
  readonly token: string;
  /**
   * Of its host and container: of a pool on another one, whose file was copied or is shared, nobody here sees the
   * process.
   */
  readonly bootId: string;
  readonly pidNamespace: string;
  /** It takes no further tasks, and ends when those that it has have ended. */
  readonly ending?: true;
}

/** What a pool tells of itself in its file. */
export interface PublishedPool {
  /** From now on the pool is found by its address, or when there is no other. */
  tellEnding(): void;
  /** Nobody is to find it any more. */
  takeBack(): void;
}

/** Publish a pool. @throws {@link LaunchError} for a folder that others can use, or that cannot be written. */
export function publishPool(pool: PoolAddress): PublishedPool {
  const folder = poolFolder('pools');
  const path = join(folder, `${pool.pid}.json`);
  try {
    write(path, pool);
  } catch (cause) {
    throw unusable(path, cause);
  }
  return {
    tellEnding: () => {
      try {
        write(path, { ...pool, ending: true });
      } catch {
        rmSync(path, { force: true }); // not found is better than found as one that takes tasks
      }
    },
    takeBack: () => {
      rmSync(path, { force: true });
    },
  };
}

/** Whoever reads finds the old text or the new one. */
function write(path: string, pool: PoolAddress): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, JSON.stringify(pool), { mode: fileMode, flag: 'wx' });
  renameSync(draft, path);
}

/**
 * The pool at an address, or the only one there is.
 *
 * @throws {@link LaunchError} which names the pools that there are, or how to start one.
 */
export function findPool(address: string | undefined): PoolAddress {
  const pools = publishedPools();
  const lasting = pools.filter(({ ending }) => !ending);
  const candidates = address === undefined && lasting.length > 0 ? lasting : pools;
  const fitting = candidates.filter((pool) => address === undefined || pool.address === address);
  const [found, ...more] = fitting;
  if (found && more.length === 0) return found;
  const addresses = pools.map((pool) => pool.address);
  if (more.length > 0) {
    throw new LaunchError(
      `several pools are running (${addresses.join(', ')}); say which one: --address ${addresses[0]} of a command, ` +
        `connect('${addresses[0]}') in a program`,
      { addresses },
    );
  }
  const where = address === undefined ? '' : ` at ${address}`;
  const others = addresses.length === 0 ? 'start one with: shoal start' : `there is ${addresses.join(', ')}`;
  throw new LaunchError(`no pool of this user is running${where}; ${others}`, { address, addresses });
}

/** Files of pools whose process is gone are removed. */
function publishedPools(): PoolAddress[] {
  const folder = pathOf('pools');
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
  assertPrivate(folder);
  return names.flatMap((name) => {
    const path = join(folder, name);
    const pool = read(path);
    if (pool && (!isSeen(pool) || isLiving(pool))) return [pool];
    rmSync(path, { force: true });
    return [];
  });
}

/** Whether this process would see the pool's, if it lived. */
export function isSeen(pool: Pick<PoolAddress, 'bootId' | 'pidNamespace'>): boolean {
  const { bootId, pidNamespace } = nodeIdentity();
  return pool.bootId === bootId && pool.pidNamespace === pidNamespace;
}

function read(path: string): PoolAddress | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as PoolAddress;
  } catch {
    return undefined; // gone, or written only in part by a process that was killed
  }
}

function assertPrivate(folder: string): void {
  const { mode, uid } = statOf(folder);
  if ((mode & foreignRights) === 0 && uid === process.getuid?.()) return;
  throw new LaunchError(`${folder} holds tokens and can be used by others; make it private: chmod 700 ${folder}`, {
    folder,
  });
}

function statOf(folder: string): Stats {
  try {
    return statSync(folder);
  } catch (cause) {
    throw unusable(folder, cause);
  }
}

/** A folder of the user's, made when it is not there. @throws {@link LaunchError} when others can use it. */
export function poolFolder(name: 'pools' | 'output'): string {
  const folder = pathOf(name);
  try {
    makePrivateFolder(dirname(folder));
    makePrivateFolder(folder);
  } catch (cause) {
    throw unusable(folder, cause);
  }
  assertPrivate(folder);
  return folder;
}

/** Where the files of pools are, whether there are any or not. */
export function poolsPath(): string {
  return pathOf('pools');
}

function pathOf(name: 'pools' | 'output'): string {
  return join(environment().home ?? join(userHome(), '.shoal'), name);
}

/** The system may know no name, and so no home, for the user's number. */
function userHome(): string {
  try {
    return homedir();
  } catch (cause) {
    throw new LaunchError(`the user has no home folder: ${(cause as Error).message}; ${homeHint}`, {}, { cause });
  }
}

function unusable(path: string, cause: unknown): LaunchError {
  return new LaunchError(`cannot use ${path}: ${(cause as Error).message}; ${homeHint}`, { path }, { cause });
}
