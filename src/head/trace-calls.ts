/** The calls of ranks as slices: those of a worker that overlap go to tracks of their own. */
import type { TracedOperation } from '../records/read-traced.js';
import type { TraceEvent } from './trace-events.js';
import { microseconds, slice, slicesInside, tracks, workerPid } from './trace-events.js';
import type { TracedTask, WorkerEvent } from './trace-recording.js';

const nanosecond = 1e-6;

/** A call and the track that it is on. */
export interface PlacedCall {
  readonly call: TracedOperation & { readonly worldRank: number };
  readonly pid: number;
  readonly tid: number;
}

/** See above. */
export interface CallEvents {
  readonly events: readonly TraceEvent[];
  readonly placed: readonly PlacedCall[];
  /** Tracks of a worker's calls. */
  tracksOf(worldRank: number): [tid: number, name: string][];
}

/** @param byLease - Tasks by the leases of their attempts. */
export function callEvents(events: readonly WorkerEvent[], byLease: ReadonlyMap<number, TracedTask>): CallEvents {
  const calls = events.filter((event) => event.kind !== 'phase').sort((a, b) => a.begunMs - b.begunMs);
  /** By worker: until when each track is taken. */
  const taken = new Map<number, number[]>();
  const placed = calls.map((call): PlacedCall => {
    const ends = taken.get(call.worldRank) ?? [];
    taken.set(call.worldRank, ends);
    const free = ends.findIndex((end) => end + nanosecond < call.begunMs);
    const track = free < 0 ? ends.length : free;
    ends[track] = call.endedMs;
    return { call, pid: workerPid(call.worldRank), tid: tracks.calls + track };
  });
  return {
    events: [...placed.flatMap((each) => slicesOf(each, byLease)), ...phaseEvents(events, byLease)],
    placed,
    tracksOf: (worldRank) => {
      return (taken.get(worldRank) ?? []).map((_, track) => [
        tracks.calls + track,
        `calls${track ? ` ${track + 1}` : ''}`,
      ]);
    },
  };
}

/** The call, and inside it for how long it waited, copied and reduced. */
function slicesOf({ call, pid, tid }: PlacedCall, byLease: ReadonlyMap<number, TracedTask>): TraceEvent[] {
  const { kind, operation, times, begunMs, endedMs, movedMs, reducedMs, inCallsMs } = call;
  const waitedMs = Math.max(0, inCallsMs - movedMs - reducedMs);
  const task = byLease.get(call.lease)?.id;
  const { call: text, rank, group, sequence, sizeBytes, peer, tag, code } = call;
  const which = kind === 'collective' ? { sequence } : { peer, tag };
  const spent = {
    inCallsUs: microseconds(inCallsMs),
    waitedUs: microseconds(waitedMs),
    movedUs: microseconds(movedMs),
    reducedUs: microseconds(reducedMs),
  };
  const args = { call: text, task, rank, group, ...which, sizeBytes, times, ...spent, error: code };
  const name = times > 1 ? `${operation} × ${times}` : operation;
  const whole = slice(name, kind, pid, tid, begunMs, endedMs, args);
  if (kind === 'message' || times > 1) return [whole];
  const parts = [
    ['wait', waitedMs],
    ['move', movedMs],
    ['reduce', reducedMs],
  ] as const;
  return [whole, ...slicesInside(whole, parts)];
}

/** What the function of a task is at, inside its slice: it loads, then it runs. */
function phaseEvents(events: readonly WorkerEvent[], byLease: ReadonlyMap<number, TracedTask>): TraceEvent[] {
  const open = new Map<number, WorkerEvent>();
  return events.flatMap((event): TraceEvent[] => {
    if (event.kind !== 'phase') return [];
    const before = open.get(event.worldRank);
    open.set(event.worldRank, event);
    if (before?.kind !== 'phase' || before.phase !== 'loading' || before.lease !== event.lease) return [];
    const started = byLease.get(event.lease)?.attempts.find(({ lease }) => lease === event.lease)?.started ?? -Infinity;
    // Clocks of hosts differ: a slice lies within that of its task.
    const since = Math.max(started, before.begunMs);
    return [slice('load', 'task', workerPid(event.worldRank), tracks.task, since, Math.max(since, event.begunMs))];
  });
}
