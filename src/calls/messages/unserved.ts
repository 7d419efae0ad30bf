/** Message calls that nobody serves any more: the functions of the ranks that they wait for have returned. */
import { CollectiveMismatchError } from '../../errors.js';
import type { GroupView } from '../failures.js';
import { lastOperationsOf } from '../failures.js';
import type { MessageRequest } from './message-request.js';

/** Whether a call waits for a rank that has returned, or for any rank while all others have. */
export function isUnserved({ channel, members, rank }: GroupView, { waiting: { peer } }: MessageRequest): boolean {
  const hasReturned = (other: number): boolean => other !== rank && channel.finished(other) !== 0;
  if (peer !== undefined) return hasReturned(peer);
  return members.length > 1 && members.every((member) => member.rank === rank || hasReturned(member.rank));
}

/** What such a call rejects with. */
export function unservedError(group: GroupView, request: MessageRequest): CollectiveMismatchError {
  const { peer } = request.waiting;
  const last = lastOperationsOf(group);
  const who = peer === undefined ? 'all other ranks' : `rank ${peer}`;
  const calls = group.members.map(({ rank }) => {
    if (rank === group.rank) return { rank, call: request.text };
    const hasReturned = group.channel.finished(rank) !== 0;
    return { rank, call: hasReturned ? 'its function has returned' : 'still runs' };
  });
  return new CollectiveMismatchError(
    `${request.text}: the function of ${who} has returned, so that nobody serves the call any more.${last.text}`,
    { calls, taskId: group.taskId, ...last.fields },
  );
}
