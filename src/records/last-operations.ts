/** What the ranks of a task have done last, for errors: as fields, and as a sentence at the end of the text. */
import { epochMs } from '../clock.js';
import type { RankOperations } from '../errors.js';
import { lastOperationsText } from './explain-ranks.js';
import type { RecordedRank } from './read-records.js';
import { readOperations } from './read-records.js';
import type { RecordMemory } from './record-layout.js';

/** Operations of each rank that an error has: fewer where there are many ranks. */
const most = [
  [16, 4],
  [64, 2],
] as const;

const textBegins = ' What each rank did last: ';

/** What an error takes of it. */
export interface LastOperations {
  /** Begins with a space; empty where nothing is known. */
  readonly text: string;
  readonly fields: { readonly lastOperations?: readonly RankOperations[] };
  /** When it was read, in milliseconds since 1970: who waited then has waited until then. */
  readonly readAt: number;
}

/** Operations that an error of so many ranks has of each. */
export function mostOperations(ranks: number): number {
  return most.find(([limit]) => ranks <= limit)?.[1] ?? 1;
}

/** Read what these ranks have noted of a lease. */
export function readLastOperations(
  memory: RecordMemory,
  ranks: readonly RecordedRank[],
  lease: number,
): LastOperations {
  const found = ranks.flatMap((each) => readOperations(memory, each, lease, mostOperations(ranks.length)) ?? []);
  return lastOperations(found);
}

/** The same of what was read before. */
export function lastOperations(ranks: readonly RankOperations[], readAt: number = epochMs()): LastOperations {
  if (ranks.length === 0) return { text: '', fields: {}, readAt };
  const text = lastOperationsText(ranks, readAt);
  return { text: `${textBegins}${text}.`, fields: { lastOperations: ranks }, readAt };
}

/** The message of an error without what ranks did last, which each rank has read at a time of its own. */
export function withoutLastOperations(message: string): string {
  const at = message.indexOf(textBegins);
  return at < 0 ? message : message.slice(0, at);
}
