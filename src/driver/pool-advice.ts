/** What somebody can do about a pool that does not answer. */
import { isLiving, readProcess } from '../native/proc.js';
import type { PoolAddress } from './pool-files.js';
import { isSeen, poolsPath } from './pool-files.js';

/** States of a process that a signal or a debugger has stopped. */
const stopped = new Set(['T', 't']);

/** In words, from what is seen of its process now. */
export function adviceOn(pool: PoolAddress): string {
  const { pid } = pool;
  if (!isSeen(pool)) {
    return `its process ${pid} is of another host or container: see whether that and the way to it are there; if the pool is gone, remove its file from ${poolsPath()}`;
  }
  if (!isLiving(pool)) return `its process ${pid} has ended; start another pool with: shoal start`;
  if (stopped.has(readProcess(pid)?.state ?? '')) {
    return `its process ${pid} is stopped: kill -CONT ${pid} lets it go on, kill -KILL ${pid} ends it`;
  }
  return `its process ${pid} is there, and starts, is busy or hangs: try again, or end it with kill ${pid}`;
}
