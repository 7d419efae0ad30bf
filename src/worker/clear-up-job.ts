/** What a rank clears up when the head is gone, which does it otherwise: the launcher and the files of the job. */
import { removeTree } from '../native/job-folder.js';
import { childTowards, isLiving, sharedMemoryFiles } from '../native/proc.js';
import { removeSharedMemoryOfJob, removeSharedMemoryOfNode } from '../native/shared-memory-folder.js';
import type { HeadPlace, WelcomeMessage } from '../protocol/control-messages.js';

/** What the rank knows of its job. */
export interface OrphanedRank {
  readonly place: HeadPlace;
  /** On the head's node. */
  readonly isNear: boolean;
  /** Undefined: it was not welcomed. */
  readonly welcome: WelcomeMessage | undefined;
  /** It has left MPI in order. */
  readonly finalized: boolean;
}

/** End the launcher where it may be waited for, and remove the files. */
export function clearUpJob({ place, isNear, welcome, finalized }: OrphanedRank): void {
  const launcher = welcome?.launcher ?? (isNear ? childTowards(place.driver) : undefined);
  const folder = welcome?.folder ?? (isNear ? place.folder : undefined);
  const removeSharedMemory = isNear ? removeSharedMemoryOfJob : removeSharedMemoryOfNode;
  // MPICH makes its files when all ranks are there.
  removeSharedMemory(place.folder, performance.timeOrigin);
  // Before it is welcome it has not entered MPI: others may wait for it there.
  if (!finalized || !welcome) {
    for (const file of sharedMemoryFiles()) removeTree(file);
    if (launcher && isLiving(launcher)) process.kill(launcher.pid, 'SIGTERM');
  }
  if (folder !== undefined) removeTree(folder);
}
