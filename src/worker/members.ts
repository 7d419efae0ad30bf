/** The ranks of a world, as tasks and errors name them. */
import type { MemberInfo } from '../errors.js';
import type { NodeIdentity } from '../native/proc.js';
import { nodeIdentity, nodeKey } from '../native/proc.js';

/** A process, and where it is. */
type Place = NodeIdentity & { readonly pid: number };

/** One per place, in rank order. */
export function worldMembers(places: readonly Place[]): MemberInfo[] {
  const counts = new Map<string, number>();
  return places.map((place, rank) => {
    const { pid, hostname, node } = place;
    const key = nodeKey(place);
    const localRank = counts.get(key) ?? 0;
    counts.set(key, localRank + 1);
    return { rank, worldRank: rank, localRank, pid, hostname, node };
  });
}

/** Ranks that are threads of this process. */
export function threadMembers(size: number): MemberInfo[] {
  const place = { pid: process.pid, ...nodeIdentity() };
  return worldMembers(Array.from({ length: size }, () => place));
}
