/** What the members of a group that is made tell each other, as numbers. */
import type { GroupOffer } from '../backend/backend.js';

/** How many numbers a rank tells of its part. */
export const offerWords = 4;

/** What a rank tells. Without an offer: it will be in no group. */
export function wordsOf(offer: GroupOffer | undefined): Float64Array {
  const words = new Float64Array(offerWords);
  if (offer) words.set([offer.address, offer.isMissing ? 1 : 0, offer.largestFreeBytes, offer.serial]);
  return words;
}

/** The ranks that a member of a listed group has told behind its part. */
export function listIn(words: Float64Array): number[] {
  return [...words.subarray(offerWords)];
}
