/** The collectives of tasks, put together by who made them. */
import type { RankUse, TaskView } from '../driver/task-history.js';

/** Of one rank in several tasks. */
export interface RankSum {
  readonly rank: number;
  readonly calls: number;
  readonly bytes: number;
  readonly elapsedMs: number;
  readonly movedMs: number;
  readonly reducedMs: number;
  /** In how many tasks it has waited least: the others have waited for it. */
  readonly last: number;
}

const nothing = { calls: 0, bytes: 0, elapsedMs: 0, movedMs: 0, reducedMs: 0, last: 0 };

/** Of a gang, or of the tasks of one function that had none. */
export interface CollectiveSum {
  readonly key: string;
  /** Tasks of more than one rank that made calls. */
  readonly tasks: number;
  readonly ranks: readonly RankSum[];
}

/** The rank that was in collectives for the shortest time; undefined: there is only one. */
export function lastOf(ranks: readonly RankUse[]): number | undefined {
  if (ranks.length < 2) return undefined;
  return ranks.reduce((least, each) => (each.elapsedMs < least.elapsedMs ? each : least)).rank;
}

/** Those with most bytes first. */
export function collectivesOf(tasks: readonly TaskView[]): CollectiveSum[] {
  const sums = new Map<string, { tasks: number; ranks: Map<number, RankSum> }>();
  for (const { gang, source, collectives } of tasks) {
    if (collectives.length < 2) continue;
    const key = gang === undefined ? source : `gang ${gang}`;
    const sum = sums.get(key) ?? { tasks: 0, ranks: new Map<number, RankSum>() };
    sum.tasks++;
    sums.set(key, sum);
    const last = lastOf(collectives);
    for (const { rank, calls, bytes, elapsedMs, movedMs, reducedMs } of collectives) {
      const before = sum.ranks.get(rank) ?? { ...nothing, rank };
      sum.ranks.set(rank, {
        rank,
        calls: before.calls + calls,
        bytes: before.bytes + bytes,
        elapsedMs: before.elapsedMs + elapsedMs,
        movedMs: before.movedMs + movedMs,
        reducedMs: before.reducedMs + reducedMs,
        last: before.last + (rank === last ? 1 : 0),
      });
    }
  }
  return [...sums]
    .map(([key, { tasks: count, ranks }]) => {
      return { key, tasks: count, ranks: [...ranks.values()].sort((a, b) => a.rank - b.rank) };
    })
    .sort((a, b) => bytesOf(b) - bytesOf(a));
}

function bytesOf({ ranks }: CollectiveSum): number {
  return ranks.reduce((sum, { bytes }) => sum + bytes, 0);
}
