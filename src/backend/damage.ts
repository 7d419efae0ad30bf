/** The error of a task that has written to what is not its own. */
import { WindowDamagedError } from '../errors.js';
import type { Lease } from './lease.js';

/** A task has written to what is not its own; `where` says to what. */
export function damageError({ taskId, rank }: Pick<Lease, 'taskId' | 'rank'>, where: string): WindowDamagedError {
  return new WindowDamagedError(
    `task ${taskId}: memory that the workers share was overwritten, by this task or by another; rank ${rank} has found ` +
      `${where} changed. The usual slip is new Float32Array(x.buffer) for an array x of collective.empty: it views the ` +
      `whole window from byte 0. Write new Float32Array(x.buffer, x.byteOffset, x.length), or copy with x.slice()`,
    { taskId, rank, where },
  );
}
