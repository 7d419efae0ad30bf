/** What a member of a group that is made makes of what the members have told each other. */
import type { Channel, GroupOffer } from '../backend/backend.js';
import { groupNumber } from '../backend/backend.js';
import { WindowExhaustedError } from '../errors.js';
import type { Group } from './group.js';

/**
 * Open the group, or give this rank's part back where a member had no room for its own.
 *
 * @param ranks - Of the members in `parent`, in the order of their ranks in the group.
 * @param told - What each of them has told, in the same order.
 */
export function openGroup(
  what: string,
  parent: Group,
  ranks: readonly number[],
  offer: GroupOffer,
  told: readonly Float64Array[],
): Group | WindowExhaustedError {
  const lacking = told.findIndex(([, isMissing]) => isMissing === 1);
  if (lacking >= 0) {
    offer.withdraw();
    return noRoom(what, ranks[lacking] ?? 0, offer.sizeBytes, told[lacking]?.[2] ?? 0);
  }
  const members = ranks.flatMap((parentRank, rank) => {
    const member = parent.members[parentRank];
    return member ? [{ ...member, rank }] : [];
  });
  const place = {
    number: groupNumber(parent.rankInTask(ranks[0] ?? 0), told[0]?.[3] ?? 0),
    rank: ranks.indexOf(parent.rank),
    members,
    addresses: told.map(([address = 0]) => address),
  };
  const channel: Channel = offer.open(place);
  return parent.openInside(channel, place);
}

function noRoom(what: string, rank: number, requestedBytes: number, largestFreeBytes: number): WindowExhaustedError {
  return new WindowExhaustedError(
    `${what}: rank ${rank} has no room for another group, about ${requestedBytes} bytes, in its part of the window, whose ` +
      `largest free range has ${largestFreeBytes}. No group was made. Close groups that are no longer used, free arrays, or launch with a ` +
      `larger window`,
    { requestedBytes, largestFreeBytes },
  );
}
