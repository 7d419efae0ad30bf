/** The errors of a group, built from what its members have announced. */
import type { MemberInfo, ShoalError } from '../errors.js';
import {
  CancelledError,
  CollectiveMismatchError,
  CollectiveTimeoutError,
  PeerFailedError,
  TaskExitedError,
  TaskTimeoutError,
  WorkerDiedError,
} from '../errors.js';
import { isError } from '../show.js';
import { decodeValue } from '../protocol/values.js';
import type { AbortReason } from '../backend/abort-reason.js';
import type { LastOperations } from '../records/last-operations.js';
import { readLastOperations } from '../records/last-operations.js';
import type { Recorder } from '../records/recorder.js';
import { describeCall } from '../operations/describe.js';
import type { Channel } from '../backend/backend.js';

/** Ranks of a group that are named. */
const named = 8;
/** A warning says whom a call waits for after this time. */
export const warnAfterMs = 30_000;

/** What the errors of a group are built from. */
export interface GroupView {
  readonly taskId: string;
  readonly rank: number;
  readonly members: readonly MemberInfo[];
  readonly channel: Channel;
  readonly recorder: Recorder;
  /** Of a group inside a task: the task's own. */
  readonly task?: GroupView | undefined;
}

/** What all ranks of the task have done last, as far as this rank can read it. */
export function lastOperationsOf({ task, members, recorder }: GroupView): LastOperations {
  return readLastOperations(recorder.memory, task?.members ?? members, recorder.lease);
}

/** All members arrived at `sequence` and disagree, or one refused the call or has finished. */
export function mismatchError(group: GroupView, sequence: number): CollectiveMismatchError {
  const calls = group.members.map(({ rank }) => {
    const descriptor = group.channel.descriptor(rank, sequence);
    const finished = group.channel.finished(rank);
    let call = 'has not called yet';
    if (finished !== 0 && finished <= sequence) call = endedText(group);
    else if (descriptor) call = describeCall(descriptor);
    return { rank, call };
  });
  const last = lastOperationsOf(group);
  const list = calls.map(({ rank, call }) => `rank ${rank}: ${call}`).join('; ');
  return new CollectiveMismatchError(
    `collective call ${sequence}: expected the same operation, dtype, op, root, count, list of arrays, name and part of a shared array on ` +
      `every rank, received ${list}. Nothing was written; make every rank issue the same calls in the same order.${last.text}`,
    { calls, sequence, taskId: group.taskId, ...last.fields },
  );
}

/** The error with which every call on an aborted lease rejects. */
export function abortError(group: GroupView, reason: AbortReason): ShoalError {
  const { kind, rank } = reason;
  const who = rank === undefined ? 'the pool' : `rank ${rank}`;
  const fields = { rank, taskId: group.taskId };
  switch (kind) {
    case 'timeout':
      return messageTimeout(group, rank ?? group.rank) ?? timeoutError(group, rank ?? group.rank);
    case 'cancelled': {
      const told = rank === undefined ? undefined : cancelledCall(group, rank);
      if (told !== undefined) return new CancelledError(told, fields);
      const cause = rank === undefined ? undefined : peerError(group, rank);
      return new CancelledError(`the task's collectives were cancelled by ${who}`, fields, { cause });
    }
    case 'peerFailed': {
      const cause = rank === undefined ? undefined : peerError(group, rank);
      const why = isError(cause) ? `: ${cause.message}` : '';
      return new PeerFailedError(`${who} of the task failed${why}`, fields, { cause });
    }
    case 'workerDied': {
      const last = lastOperationsOf(group);
      return new WorkerDiedError(`${memberText(group, rank)} died.${last.text}`, { ...fields, ...last.fields });
    }
    case 'taskExited': {
      const last = lastOperationsOf(group);
      const text = `${who} called process.exit inside the task.${last.text}`;
      return new TaskExitedError(text, { ...fields, ...last.fields });
    }
    case 'taskTimeout': {
      const last = lastOperationsOf(group);
      return new TaskTimeoutError(`the task's timeoutMs passed.${last.text}`, { ...fields, ...last.fields });
    }
    case 'ofTask': {
      const { task = group } = group;
      const ofTask = task.channel.abortReason();
      if (ofTask && ofTask.kind !== 'ofTask') return abortError(task, ofTask);
      return new PeerFailedError('the task has failed', { rank: undefined, taskId: group.taskId });
    }
  }
}

/** Of a rank that makes no further call in a group. */
function endedText({ task }: GroupView): string {
  return task ? 'has closed the group, or its function has returned' : 'its function has returned';
}

/** Who is missing from a call and what each completed last, for the warning before a deadline too. */
export function missingMembers(group: GroupView, sequence: number): CollectiveTimeoutError['missing'] {
  const absent = group.members.filter(({ rank }) => !group.channel.descriptor(rank, sequence));
  // All arrived: what is missing then is the work of somebody who holds a chunk.
  const late = absent.length > 0 ? absent : group.members.filter(({ rank }) => group.channel.isBusy(rank));
  return late.map((member) => {
    const departed = group.channel.departed(member.rank);
    const descriptor = departed === 0 ? undefined : group.channel.descriptor(member.rank, departed);
    const lastCompleted =
      departed === 0 ? 'none' : `call ${departed}${descriptor ? `, ${describeCall(descriptor)}` : ''}`;
    return { ...member, lastCompleted };
  });
}

/** `rank 2 (world rank 5, host a, pid 41): last completed …`, joined. */
export function missingText(missing: CollectiveTimeoutError['missing']): string {
  const one = (m: (typeof missing)[number]): string =>
    `rank ${m.rank} (worker ${m.worldRank}, host ${m.node}, pid ${m.pid}; last completed: ${m.lastCompleted})`;
  return missing.map(one).join(', ');
}

/** Who waited for whom, as the rank says whose message call has passed its deadline; undefined: it was another call. */
function messageTimeout(group: GroupView, rank: number): CollectiveTimeoutError | undefined {
  const told = peerError(group, rank);
  if (!(told instanceof CollectiveTimeoutError)) return undefined;
  const { message, missing, cycle, taskId } = told as CollectiveTimeoutError & { taskId: unknown };
  if (taskId !== group.taskId) return undefined;
  const last = lastOperationsOf(group);
  return new CollectiveTimeoutError(message + last.text, { missing, cycle, rank, taskId, ...last.fields });
}

/**
 * What a rank leaves for the others when the signal of a call of its own aborts.
 *
 * @param call - Such as `recv(source 1, tag 3)`.
 */
export function cancelledBy(group: GroupView, call: string): CancelledError {
  const { rank, taskId } = group;
  const text = `${call} was aborted by its signal on rank ${rank} of ${groupText(group)}`;
  return new CancelledError(`${text}. The group has failed; go on in a new task`, { rank, taskId });
}

/** As that rank says; undefined: it says nothing of it. */
function cancelledCall(group: GroupView, rank: number): string | undefined {
  const told = peerError(group, rank);
  if (!(told instanceof CancelledError) || (told as { taskId?: unknown }).taskId !== group.taskId) return undefined;
  return told.message;
}

/** The task's own group, or the ranks of the task that are in it. */
function groupText({ task, members }: GroupView): string {
  if (!task) return 'the task';
  const ranks = members.slice(0, named).map(({ worldRank }) => {
    return task.members.find((member) => member.worldRank === worldRank)?.rank;
  });
  const further = members.length > named ? ` and ${members.length - named} further ones` : '';
  return `the group of the task's ${ranks.length === 1 ? 'rank' : 'ranks'} ${ranks.join(', ')}${further}`;
}

function timeoutError(group: GroupView, waiting: number): CollectiveTimeoutError {
  const sequence = group.channel.departed(waiting) + 1;
  const descriptor = group.channel.descriptor(waiting, sequence);
  const missing = missingMembers(group, sequence);
  const last = lastOperationsOf(group);
  const call = descriptor ? describeCall(descriptor) : 'a collective';
  return new CollectiveTimeoutError(
    `${call}, call ${sequence} of the group, passed its deadline on rank ${waiting}. ` +
      `Missing: ${missing.length === 0 ? 'nobody any more' : missingText(missing)}. ` +
      `The group has failed; go on in a new task, or pass a longer timeoutMs.${last.text}`,
    { missing, rank: waiting, sequence, taskId: group.taskId, ...last.fields },
  );
}

function peerError(group: GroupView, rank: number): unknown {
  const encoded = group.channel.readFault(rank);
  // A torn or oversized fault must not hide the failure itself: the error then has no cause.
  try {
    return encoded && decodeValue(encoded);
  } catch {
    return undefined;
  }
}

function memberText(group: GroupView, rank: number | undefined): string {
  const member = rank === undefined ? undefined : group.members[rank];
  return member ? `rank ${member.rank} (worker ${member.worldRank}, host ${member.node}, pid ${member.pid})` : 'a rank';
}
