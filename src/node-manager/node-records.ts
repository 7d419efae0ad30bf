/** Where the workers of one job on this node note their calls: memory that lives longer than each of them. */
import type { RankOperations } from '../errors.js';
import type { OsAddon } from '../native/os.js';
import type { RecordsPlace } from '../protocol/control-messages.js';
import type { RecordedRank } from '../records/read-records.js';
import { readOperations } from '../records/read-records.js';
import type { RecordMemory } from '../records/record-layout.js';
import type { TakeTraced } from '../records/take-traced.js';
import { TraceFeed } from '../records/trace-feed.js';
import { mapRecords, pagesBytes, recordPages } from '../records/shared-records.js';

/** One per job; made when its first worker registers. */
export class NodeRecords {
  readonly #os: OsAddon;
  readonly #segment: number;
  readonly #memory: RecordMemory;
  readonly #pages: number;
  readonly #feed = new TraceFeed();

  /** @param workers - Of the whole job: a worker's place follows from its world rank. */
  constructor(os: OsAddon, workers: number) {
    this.#os = os;
    this.#pages = recordPages(workers);
    this.#segment = os.createSegment(pagesBytes(this.#pages));
    this.#memory = mapRecords(os, this.#segment, this.#pages);
  }

  /** What a worker's process needs to map it. */
  get message(): RecordsPlace {
    return { type: 'records', pid: process.pid, segment: this.#segment, pages: this.#pages };
  }

  /** What a rank has done last, also when its process is gone. */
  read(rank: RecordedRank, lease: number, most: number): RankOperations | undefined {
    return readOperations(this.#memory, rank, lease, most);
  }

  /** Trace the workers of this node; undefined: no more. */
  trace(worldRanks: readonly number[], take: TakeTraced | undefined): void {
    if (take) this.#feed.start(this.#memory, worldRanks, take);
    else this.#feed.stop();
  }

  /** When all processes are gone. */
  close(): void {
    this.#feed.stop();
    this.#os.closeDescriptor(this.#segment);
  }
}

/** The memory for so many workers; undefined where the system does not allow it. */
export function openRecords(os: OsAddon, workers: number): NodeRecords | undefined {
  try {
    return new NodeRecords(os, workers);
  } catch {
    return undefined;
  }
}
