/**
 * A recording as Perfetto and the tracing pages of browsers open it: the JSON form of Google's Trace Event Format. Times
 * there are microseconds. A process of it is a worker, or the pool; its threads are tracks.
 */
import { packageVersion } from '../version.js';
import { callEvents } from './trace-calls.js';
import type { TraceEvent } from './trace-events.js';
import { microseconds, named, poolPid, slice, slicesInside, tracks, workerPid } from './trace-events.js';
import { messageFlows } from './trace-flows.js';
import type { TraceRecording, TracedStart, TracedTask } from './trace-recording.js';
import type { WorkerInfo } from './worker-side.js';

/**
 * What a trace is, once it has ended. `JSON.stringify` makes the file that Perfetto opens.
 *
 * @example
 * const trace = await pool.trace();
 * const document: TraceDocument = await trace.stop();
 * const waits = document.traceEvents.filter(({ name }) => name === 'wait');
 */
export interface TraceDocument {
  /** In no order. */
  readonly traceEvents: readonly TraceEvent[];
  /** For the page that shows it. */
  readonly displayTimeUnit: 'ms';
  /** About all of it. */
  readonly otherData: {
    /** Of this package. */
    readonly version: string;
    /** What times count from: when it began, or the start of a task or a worker that is shown and was earlier. */
    readonly began: string;
    /** From then until it was stopped. */
    readonly lengthMs: number;
    /** How long after `began` the recording began: no call of before is there. */
    readonly recordedFromMs: number;
    /** Calls and tasks that are missing, since `maxEvents` were there already. */
    readonly dropped: number;
    /** By worker: calls that are missing, since it made more of them than could be taken. */
    readonly lost: Readonly<Record<string, number>>;
  };
}

/** Make it. */
export function traceDocument(recording: TraceRecording, workers: readonly WorkerInfo[]): TraceDocument {
  const { tasks, events, rounds, starts, lost, dropped, endedMs, beganAt } = recording;
  const byLease = new Map<number, TracedTask>();
  for (const task of tasks.values()) for (const { lease } of task.attempts) byLease.set(lease, task);
  const calls = callEvents(events, byLease);
  const all: TraceEvent[] = [
    ...named(poolPid, 'pool', [[tracks.rounds, 'rounds of MPI communicators']]),
    ...workers.flatMap(({ worldRank, node }) => {
      const some: [number, string][] = [
        [tracks.process, 'process'],
        [tracks.task, 'tasks'],
      ];
      return named(workerPid(worldRank), `worker ${worldRank} on ${node}`, [...some, ...calls.tracksOf(worldRank)]);
    }),
    ...[...tasks.values()].flatMap((task) => taskEvents(task, endedMs)),
    ...calls.events,
    ...messageFlows(calls.placed, byLease),
    ...rounds.flatMap(({ round, worldRanks, communicators, begunMs, wentMs, endedMs: ended }) => {
      const args = { round, worldRanks, communicators };
      const whole = slice(`round ${round}`, 'round', poolPid, tracks.rounds, begunMs, ended, args);
      const steps = [
        ['prepare', wentMs - begunMs],
        ['in MPI', ended - wentMs],
      ] as const;
      return [whole, ...slicesInside(whole, steps)];
    }),
    ...starts.flatMap(startEvents),
  ];
  // What began before the trace is shown too: times count from the first of all.
  const first = all.reduce((least, { ts }) => Math.min(least, ts ?? 0), 0);
  return {
    traceEvents: first < 0 ? all.map((event) => laterBy(event, -first)) : all,
    displayTimeUnit: 'ms',
    otherData: {
      version: packageVersion(),
      began: new Date(beganAt.getTime() + first / 1_000).toISOString(),
      lengthMs: endedMs - first / 1_000,
      recordedFromMs: -first / 1_000,
      dropped,
      lost: Object.fromEntries(lost),
    },
  };
}

function laterBy(event: TraceEvent, microsecondsLater: number): TraceEvent {
  return event.ts === undefined ? event : { ...event, ts: microseconds(event.ts / 1_000 + microsecondsLater / 1_000) };
}

/** What it waits for, and on which workers it runs. */
function taskEvents(task: TracedTask, endedMs: number): TraceEvent[] {
  const { id, label, workers, priority, gang, submitted, attempts, outcome } = task;
  const ended = task.ended ?? endedMs;
  const args = { task: id, workers, priority, gang, outcome };
  const span = (ph: 'b' | 'e', name: string, timeMs: number): TraceEvent => {
    const some = { ph, name, cat: 'task', id, pid: poolPid, tid: tracks.tasks, ts: microseconds(timeMs) };
    return ph === 'b' ? { ...some, args } : some;
  };
  let waitsSince = submitted;
  const inside = attempts.flatMap(({ started, worldRanks, ended: over = ended }, number) => {
    const waits = [span('b', 'waits', waitsSince), span('e', 'waits', started)];
    waitsSince = over;
    const name = number === 0 ? 'runs' : `runs, attempt ${number + 1}`;
    const runs = worldRanks.map((worldRank, rank) =>
      slice(label, 'task', workerPid(worldRank), tracks.task, started, over, { ...args, rank }),
    );
    return [...waits, span('b', name, started), span('e', name, over), ...runs];
  });
  const waits = attempts.length === 0 ? [span('b', 'waits', submitted), span('e', 'waits', ended)] : [];
  return [span('b', label, submitted), ...inside, ...waits, span('e', label, ended)];
}

/** The start of a worker, and the phases of its process. */
function startEvents({ worldRank, begun, ended, phases }: TracedStart): TraceEvent[] {
  const pid = workerPid(worldRank);
  const all = slice('start', 'start', pid, tracks.process, begun, ended);
  if (!phases) return [all];
  const { connected, mpiReady, gathered, registered } = phases;
  // A worker that was lost has left its place empty before the launch.
  const marks = [
    ['empty', Math.max(0, ended - begun - registered)],
    ['launch', connected],
    ['MPI_Init', mpiReady - connected],
    ['rows', gathered - mpiReady],
    ['registration', registered - gathered],
  ] as const;
  return [all, ...slicesInside(all, marks)];
}
