/** Who waits for whom among the ranks of a task whose records were read: in words, with the cycles among them. */
import type { LastOperation, RankOperations } from '../errors.js';
import { durationText, groupText, isMessage, named, rankList } from './explain-ranks.js';

/** A rank that waits, and in what. */
interface Waiter {
  readonly rank: RankOperations;
  /** The one that it has begun first, first. */
  readonly operations: readonly LastOperation[];
}

/** Failures of a call that has waited until then for others. */
const failedWaits = new Set([
  'ERR_SHOAL_COLLECTIVE_TIMEOUT',
  'ERR_SHOAL_TASK_TIMEOUT',
  'ERR_SHOAL_PEER_FAILED',
  'ERR_SHOAL_WORKER_DIED',
  'ERR_SHOAL_CANCELLED',
]);

/**
 * Such as `ranks 0, 2 have waited 3.1 s for rank 1 in allreduce(…), call 5`: one for each collective that is waited in,
 * for each rank that waits in a message call, and for each cycle.
 *
 * @param now - When the records were read, in milliseconds since 1970.
 * @param hasEnded - What ranks waited in until the task failed counts as well.
 */
export function whoWaitsForWhom(ranks: readonly RankOperations[], now: number, hasEnded = false): string[] {
  const waiters = ranks
    .map((rank) => ({ rank, operations: waitsOf(rank, hasEnded) }))
    .filter(({ operations }) => operations.length > 0);
  const collectives = new Map<string, { waiting: RankOperations[]; operation: LastOperation; longest: number }>();
  const lines: string[] = [];
  for (const { rank, operations } of waiters) {
    const [operation] = operations;
    if (!operation) continue;
    if (isMessage(operation)) {
      lines.push(messageLine(rank, operation, now));
      continue;
    }
    const key = keyOf(operation);
    const found = collectives.get(key) ?? { waiting: [], operation, longest: -1 };
    found.waiting.push(rank);
    found.longest = Math.max(found.longest, waitedMs(operation, now) ?? -1);
    collectives.set(key, found);
  }
  for (const { waiting, operation, longest } of collectives.values()) {
    const absent = absentFrom(ranks, operation);
    const who = `${rankList(waiting)} ${waiting.length === 1 ? 'has' : 'have'} waited`;
    const howLong = longest < 0 ? '' : `${durationText(longest)} `;
    const whom = absent.length > 0 ? `for ${rankList(absent)} ` : '';
    lines.push(`${who} ${howLong}${whom}in ${operation.call}, call ${operation.sequence}${groupText(operation)}`);
  }
  return [...lines, ...cyclesAmong(ranks, waiters).map(cycleLine)];
}

/** What a rank is in and has not left, or was in when its task failed. */
function waitsOf({ phase, operations }: RankOperations, hasEnded: boolean): LastOperation[] {
  const [last] = operations;
  if (hasEnded && last?.state === 'failed' && last.startedAt !== undefined && failedWaits.has(last.code ?? '')) {
    // What was in flight with it has failed with it.
    return operations
      .filter(({ state, code, startedAt }) => state === 'failed' && code === last.code && startedAt !== undefined)
      .reverse();
  }
  if (phase === 'idle' || phase === 'threw') return [];
  return operations.filter(({ state }) => state === 'waiting').reverse();
}

function messageLine({ rank }: RankOperations, operation: LastOperation, now: number): string {
  const { peer, group, call } = operation;
  const waited = waitedMs(operation, now);
  const howLong = waited === undefined ? '' : `${durationText(waited)} `;
  // In a group inside the task the other one has another number.
  const whom = group !== 0 ? '' : peer === undefined ? 'for anybody ' : `for rank ${peer} `;
  return `rank ${rank} has waited ${howLong}${whom}in ${call}${groupText(operation)}`;
}

function waitedMs({ state, startedAt, endedAt }: LastOperation, now: number): number | undefined {
  if (startedAt === undefined) return undefined;
  return Math.max(0, (state === 'waiting' ? now : (endedAt ?? now)) - startedAt);
}

function keyOf({ group, sequence, call }: LastOperation): string {
  return `${group} ${sequence} ${call}`;
}

/** Ranks that have not come to a collective of the task's own group. */
function absentFrom(ranks: readonly RankOperations[], { group, sequence }: LastOperation): RankOperations[] {
  if (group !== 0) return [];
  return ranks.filter(({ operations }) => {
    return !operations.some((each) => !isMessage(each) && each.group === 0 && each.sequence >= sequence);
  });
}

/** Ranks of which each waits for the next, and the last for the first; no rank is in two of them. */
function cyclesAmong(ranks: readonly RankOperations[], waiters: readonly Waiter[]): number[][] {
  const absent = new Map<string, number[]>();
  const edges = new Map<number, number[]>();
  for (const waiter of waiters) {
    const next = waiter.operations.flatMap((operation) => {
      if (isMessage(operation)) return isUnserved(waiter, operation, waiters) ? [operation.peer ?? -1] : [];
      const key = keyOf(operation);
      const missing = absent.get(key) ?? absentFrom(ranks, operation).map(({ rank }) => rank);
      absent.set(key, missing);
      return missing;
    });
    edges.set(waiter.rank.rank, next);
  }
  const cycles: number[][] = [];
  const seen = new Set<number>();
  const path: number[] = [];
  const visit = (rank: number): void => {
    const start = path.indexOf(rank);
    if (start >= 0 && !cycles.some((cycle) => cycle.includes(rank))) cycles.push(path.slice(start));
    if (seen.has(rank)) return;
    seen.add(rank);
    path.push(rank);
    edges.get(rank)?.forEach(visit);
    path.pop();
  };
  for (const { rank } of waiters) visit(rank.rank);
  return cycles;
}

/** The other rank waits in no call that serves this one: two that fit are about to move the bytes. */
function isUnserved({ rank }: Waiter, { operation, group, peer, tag }: LastOperation, all: readonly Waiter[]): boolean {
  if (group !== 0 || peer === undefined || operation === 'group') return false;
  const other = all.find((each) => each.rank.rank === peer);
  return !other?.operations.some((each) => {
    const isOther = isSend(each.operation) !== isSend(operation);
    const fits = each.tag === undefined || tag === undefined || each.tag === tag;
    return isMessage(each) && each.group === 0 && isOther && fits && (each.peer ?? rank.rank) === rank.rank;
  });
}

function isSend(operation: string): boolean {
  return operation.startsWith('send');
}

/** Whether a call is awaited is not noted. */
function cycleLine(cycle: readonly number[]): string {
  const links = cycle.slice(0, named).map((rank, i) => {
    const next = cycle[(i + 1) % cycle.length] ?? rank;
    return `rank ${rank}${i === 0 ? ' waits' : ''} for ${next === rank ? 'itself' : `rank ${next}`}`;
  });
  if (cycle.length > named) links.push(`and so on through ${cycle.length - named} further ranks`);
  return `a cycle, if these calls are awaited: ${links.join(', ')}`;
}
