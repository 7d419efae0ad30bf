/** Workers as members of a group. */
import type { MemberInfo } from '../errors.js';
import type { WorkerSide } from './worker-side.js';

/** In the order of these world ranks, which is that of ranks. */
export function membersOf({ workers }: Pick<WorkerSide, 'workers'>, worldRanks: readonly number[]): MemberInfo[] {
  return worldRanks.flatMap((each, rank) => {
    const info = workers[each];
    if (!info) return [];
    const { worldRank, localRank, pid, hostname, node } = info;
    return { rank, worldRank, localRank, pid, hostname, node };
  });
}
