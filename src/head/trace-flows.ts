/**
 * Arrows from messages to their receives. Messages of one rank to another with one tag are received in the order in
 * which they were sent, so that counting finds the pairs. A task that ran before the trace began has none: messages of
 * before would be counted on one side only.
 */
import type { PlacedCall } from './trace-calls.js';
import type { TraceEvent } from './trace-events.js';
import { microseconds } from './trace-events.js';
import type { TracedTask } from './trace-recording.js';

const sends = new Set(['send', 'sendObject']);
const receives = new Set(['recv', 'recvObject']);

/** Messages of one rank to another with one tag, on one side. */
class Line {
  #count = 0;
  /** By number. A slot of several messages has no arrow, and counts. */
  readonly calls: Map<number, PlacedCall> = new Map();

  add(call: PlacedCall): void {
    const { times } = call.call;
    if (times === 1) this.calls.set(this.#count, call);
    this.#count += times;
  }
}

/** Calls are in the order in which they began. */
export function messageFlows(placed: readonly PlacedCall[], byLease: ReadonlyMap<number, TracedTask>): TraceEvent[] {
  const sent = new Map<string, Line>();
  const received = new Map<string, Line>();
  for (const each of placed) {
    const { kind, operation, lease, group, rank, peer, tag, code } = each.call;
    if (kind !== 'message' || code !== undefined || !isWhole(byLease, lease)) continue;
    if (sends.has(operation)) lineOf(sent, [lease, group, rank, peer, tag]).add(each);
    else if (receives.has(operation)) lineOf(received, [lease, group, peer, rank, tag]).add(each);
  }
  const arrows: TraceEvent[] = [];
  for (const [key, { calls }] of sent) {
    const to = received.get(key)?.calls;
    for (const [number, send] of calls) {
      const receive = to?.get(number);
      if (!receive) continue;
      const about = { name: 'message', cat: 'message', id: arrows.length / 2 + 1 };
      arrows.push(
        { ph: 's', ...about, pid: send.pid, tid: send.tid, ts: microseconds(send.call.begunMs) },
        { ph: 'f', bp: 'e', ...about, pid: receive.pid, tid: receive.tid, ts: microseconds(receive.call.endedMs) },
      );
    }
  }
  return arrows;
}

/** The trace has all of an attempt. */
function isWhole(byLease: ReadonlyMap<number, TracedTask>, lease: number): boolean {
  return byLease.get(lease)?.attempts.some((attempt) => attempt.lease === lease && attempt.started >= 0) === true;
}

function lineOf(lines: Map<string, Line>, parts: readonly number[]): Line {
  const key = parts.join();
  const line = lines.get(key) ?? new Line();
  lines.set(key, line);
  return line;
}
