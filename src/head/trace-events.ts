/** The events of Google's Trace Event Format that a trace is made of. */

/**
 * One of them; see the format's own description for what each `ph` has.
 *
 * @example
 * const trace = await pool.trace();
 * const { traceEvents } = await trace.stop();
 * const slices: TraceEvent[] = traceEvents.filter(({ ph }) => ph === 'X');
 */
export interface TraceEvent {
  /** `X`: a slice. `b`, `e`: the ends of a span. `s`, `f`: those of an arrow. `M`: a name. */
  readonly ph: 'X' | 'b' | 'e' | 's' | 'f' | 'M';
  /** What it is of, such as `allreduce`. */
  readonly name: string;
  /** Kind: `task`, `collective`, `message`, `round`, `start`. */
  readonly cat?: string;
  /** Process of the trace: 1 is the pool, the others are workers. */
  readonly pid: number;
  /** Track of that process. */
  readonly tid: number;
  /** Microseconds since `otherData.began`. */
  readonly ts?: number;
  /** Microseconds. */
  readonly dur?: number;
  /** The same for both ends of a span or an arrow. */
  readonly id?: string | number;
  /** An arrow ends at the slice around its time. */
  readonly bp?: 'e';
  /** More about it: of a call its text, bytes, and microseconds of waiting, moving and reducing. */
  readonly args?: Readonly<Record<string, unknown>>;
}

/** The pool's process in a trace. */
export const poolPid = 1;

/** A worker's process in a trace. */
export function workerPid(worldRank: number): number {
  return 10 + worldRank;
}

/** Threads: of the pool's process, and of a worker's. Calls that overlap have further ones. */
export const tracks = { tasks: 1, rounds: 2, process: 1, task: 2, calls: 3 } as const;

/** A slice; times in milliseconds. */
export function slice(
  name: string,
  cat: string,
  pid: number,
  tid: number,
  begunMs: number,
  endedMs: number,
  args?: Readonly<Record<string, unknown>>,
): TraceEvent {
  const [begun, ended] = [nanoseconds(begunMs), nanoseconds(endedMs)];
  return { ph: 'X', name, cat, pid, tid, ts: begun / 1_000, dur: Math.max(0, ended - begun) / 1_000, args: args ?? {} };
}

/**
 * Slices one after the other inside another one, for so many milliseconds each. Each ends a nanosecond early: pages that
 * add a beginning and a length may find sums that differ in the last bit.
 */
export function slicesInside(
  { cat = '', pid, tid, ts = 0, dur = 0 }: TraceEvent,
  parts: readonly (readonly [name: string, lengthMs: number])[],
): TraceEvent[] {
  const end = Math.round((ts + dur) * 1_000);
  let at = Math.round(ts * 1_000);
  return parts.flatMap(([name, lengthMs]) => {
    const begun = at;
    at = Math.min(end, at + nanoseconds(lengthMs));
    if (at <= begun + 1) return [];
    return [{ ph: 'X', name, cat, pid, tid, ts: begun / 1_000, dur: (at - begun - 1) / 1_000, args: {} }];
  });
}

/** Of milliseconds, to the nanosecond. */
export function microseconds(timeMs: number): number {
  return nanoseconds(timeMs) / 1_000;
}

function nanoseconds(timeMs: number): number {
  return Math.round(timeMs * 1_000_000);
}

/** Names of a process and of its threads; in this order the page shows them. */
export function named(pid: number, name: string, threads: readonly (readonly [number, string])[]): TraceEvent[] {
  const meta = (what: string, tid: number, args: Readonly<Record<string, unknown>>): TraceEvent => {
    return { ph: 'M', name: what, pid, tid, args };
  };
  return [
    meta('process_name', 0, { name }),
    meta('process_sort_index', 0, { sort_index: pid }),
    ...threads.flatMap(([tid, thread]) => [
      meta('thread_name', tid, { name: thread }),
      meta('thread_sort_index', tid, { sort_index: tid }),
    ]),
  ];
}
