/** What `shoal bench` finds, and how its figures stand to those of one thread. Pure. */
import type { Baseline } from './bench-baselines.js';
import type { BenchFigures } from './bench-pool.js';

/** Of one pool. Null: it does not apply. */
export interface PoolReport extends Omit<BenchFigures, 'allreduce' | 'gangUs'> {
  /** `threads`, or an MPI with its version. */
  readonly name: string;
  readonly gangUs: number | null;
  readonly allreduce: readonly (BenchFigures['allreduce'][number] & {
    /** Bytes of one rank's array in a second. */
    readonly bytesPerSecond: number;
    /** That rate in the rate of a copy, and the time of the loop in that of the call; null at 8 bytes. */
    readonly ofCopy: number | null;
    readonly ofLoop: number | null;
  })[];
}

/** What `--json` prints. */
export interface BenchReport {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    /** Load average of the last minute when it began. */
    readonly load: number;
    readonly node: string;
    readonly shoal: string;
  };
  readonly workers: number;
  readonly baselines: readonly Baseline[];
  readonly pools: readonly PoolReport[];
  readonly skipped: readonly { readonly name: string; readonly why: string }[];
}

const usPerSecond = 1e6;
/** Below this a copy and a loop say nothing. */
const leastComparedBytes = 1_024;

/** Figures of a pool beside those of one thread. */
export function besides(name: string, figures: BenchFigures, baselines: readonly Baseline[]): PoolReport {
  const allreduce = figures.allreduce.map((each) => {
    const alone = each.bytes < leastComparedBytes ? undefined : baselines.find(({ bytes }) => bytes === each.bytes);
    return {
      ...each,
      bytesPerSecond: (each.bytes / each.us) * usPerSecond,
      ofCopy: alone ? alone.memcpyUs / each.us : null,
      ofLoop: alone ? alone.loopUs / each.us : null,
    };
  });
  return { ...figures, name, allreduce, gangUs: figures.gangUs ?? null };
}
