/** Ranks that a caller names. */
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';

/** Whether it is a rank of a group of `size`. */
export function isRankOf(size: number, rank: unknown): rank is number {
  return typeof rank === 'number' && Number.isInteger(rank) && rank >= 0 && rank < size;
}

/**
 * Read a rank of a group of `size`.
 *
 * @param role - Such as `root` or `dest`, for errors.
 * @param or - What else may be given, for errors.
 * @throws {@link InvalidArgumentError}
 */
export function checkRank(what: string, role: string, rank: unknown, size: number, or: string = ''): number {
  if (isRankOf(size, rank)) return rank;
  throw new InvalidArgumentError(
    `${what}: expected ${role} to be a rank from 0 to ${size - 1}${or}, received ${show(rank)}`,
  );
}
