/** What each rank of a task did last, in words. */
import type { LastOperation, RankOperations } from '../errors.js';

/** Ranks that are named one by one. */
export const named = 8;

/** Such as `rank 1 is outside of calls; last: allreduce(…), call 5, completed 3.1 s ago`. */
function rankText(each: RankOperations, now: number, hasEnded = false): string {
  const [last] = each.operations;
  if (hasEnded && each.phase === 'loading') return `rank ${each.rank} did not begin its function`;
  if (!last) return `rank ${each.rank} ${phaseText(each)} and has made no call`;
  const text = operationText(last, now);
  if (last.state === 'waiting' && each.phase === 'running') return `rank ${each.rank} ${text}`;
  return `rank ${each.rank} ${phaseText(each)}; last: ${text}`;
}

/**
 * Every rank in a line of its own, with what it did before that.
 *
 * @param hasEnded - Their task has.
 */
export function lastOperationLines(ranks: readonly RankOperations[], now: number, hasEnded = false): string[] {
  return ranks.flatMap((each) => {
    const [, ...before] = each.operations;
    return [rankText(each, now, hasEnded), ...before.map((operation) => `  before: ${operationText(operation, now)}`)];
  });
}

/** The ranks in one line, those that wait and those that are waited for first. */
export function lastOperationsText(ranks: readonly RankOperations[], now: number): string {
  const shown = ranks.slice(0, named).map((each) => {
    const [last, before] = each.operations;
    const then = before && last?.state !== 'completed' ? `; before: ${operationText(before, now)}` : '';
    return rankText(each, now) + then;
  });
  if (ranks.length > named) shown.push(`${ranks.length - named} further ranks`);
  return shown.join('. ');
}

function operationText(operation: LastOperation, now: number): string {
  const { call, state, sequence, times, code } = operation;
  const which = isMessage(operation) ? countText(times) : `, call ${sequence}${groupText(operation)}`;
  if (state === 'waiting')
    return `has waited ${waitedText(operation, now)}in ${call}${isMessage(operation) ? '' : which}`;
  if (state === 'failed')
    return `${call}${isMessage(operation) ? '' : which}, failed with ${code}${waitText(operation)}`;
  return `${call}${which}, completed${endText(operation, now)}`;
}

function phaseText({ phase }: RankOperations): string {
  switch (phase) {
    case 'idle':
      return 'has ended';
    case 'loading':
      return 'loads its module';
    case 'running':
      return 'is outside of calls';
    case 'returned':
      return 'has returned';
    case 'threw':
      return 'has thrown';
  }
}

function countText(times = 0): string {
  return times > 1 ? ` (${times} times)` : '';
}

/** Of a call that is not of the task's own group. */
export function groupText({ group }: LastOperation): string {
  return group === 0 ? '' : ' of a group inside the task';
}

function waitedText({ startedAt }: LastOperation, now: number): string {
  return startedAt === undefined ? '' : `${durationText(now - startedAt)} `;
}

function endText({ endedAt }: LastOperation, now: number): string {
  return endedAt === undefined ? '' : ` ${durationText(now - endedAt)} ago`;
}

function waitText({ startedAt, endedAt }: LastOperation): string {
  return startedAt === undefined || endedAt === undefined ? '' : ` after ${durationText(endedAt - startedAt)}`;
}

/** Such as `250 ms` or `3.1 s`. */
export function durationText(elapsedMs: number): string {
  return elapsedMs < 1000 ? `${Math.round(Math.max(0, elapsedMs))} ms` : `${(elapsedMs / 1000).toFixed(1)} s`;
}

/** Such as `rank 1` or `ranks 0, 2`. */
export function rankList(ranks: readonly RankOperations[]): string {
  const numbers = ranks.slice(0, named).map(({ rank }) => rank);
  const more = ranks.length > named ? ` and ${ranks.length - named} more` : '';
  return `rank${ranks.length === 1 ? '' : 's'} ${numbers.join(', ')}${more}`;
}

/** It is a message call, and no collective. */
export function isMessage({ peer, tag, operation }: LastOperation): boolean {
  return peer !== undefined || tag !== undefined || messageNames.has(operation);
}

const messageNames = new Set(['send', 'recv', 'sendrecv', 'probe', 'sendObject', 'recvObject', 'group']);
