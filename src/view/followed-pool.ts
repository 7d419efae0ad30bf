/** What one who follows a pool knows of it: the page in a browser, and `shoal top`. Pure. */
import type { DashboardNews } from '../driver/dashboard-news.js';
import type { TaskView } from '../driver/task-history.js';

/** Tasks that are kept; the oldest that have ended go. */
const mostTasks = 12_000;
/** Looks whose use of processor and memory is kept. */
const mostSamples = 240;
const msPerSecond = 1_000;
/** Answers that come sooner after another are parts of one look, and too close to be compared. */
const leastApartMs = 50;

/** Use of all workers at one time: cores that were busy, and bytes. */
export interface Sample {
  readonly at: number;
  readonly cores: number;
  readonly bytes: number;
}

/** What was done in a second, between the last two looks. */
export interface Rates {
  /** Tasks that have ended, however. */
  readonly tasks: number;
  /** Collective calls of ranks whose part of a task has ended, and their bytes. */
  readonly calls: number;
  readonly bytes: number;
}

/** What is shown. A new object for each answer. */
export interface Shown {
  readonly news: DashboardNews;
  /** In the order in which they were submitted. */
  readonly tasks: readonly TaskView[];
  readonly samples: readonly Sample[];
  /** By worker: cores that it has used since the answer before. */
  readonly cores: ReadonlyMap<number, number>;
  /** Undefined: there was no answer before this one. */
  readonly rates: Rates | undefined;
}

/** Puts answers together, from the first one on. */
export class FollowedPool {
  readonly #tasks = new Map<string, TaskView>();
  #samples: readonly Sample[] = [];
  #cpuMs = new Map<number, number>();
  #cores: ReadonlyMap<number, number> = new Map();
  #rates: Rates | undefined;
  /** The answer that the next is compared with. */
  #measured: DashboardNews | undefined;
  #shown: Shown | undefined;

  /** What is known now. */
  get shown(): Shown | undefined {
    return this.#shown;
  }

  /** The change to ask from. */
  get change(): number {
    return this.#shown?.news.change ?? 0;
  }

  /** Take an answer. One of another pool at the same address begins anew: it is to be asked from its first change. */
  take(news: DashboardNews): void {
    if (this.#shown && this.#shown.news.pool !== news.pool) {
      this.#forget();
      return;
    }
    for (const task of news.tasks) this.#tasks.set(task.id, task);
    let spare = this.#tasks.size - mostTasks;
    for (const [id, { ended }] of this.#tasks) {
      if (spare <= 0) break;
      if (ended === undefined) continue;
      this.#tasks.delete(id);
      spare--;
    }
    this.#measure(news);
    const changed = news.tasks.length > 0 || !this.#shown;
    const tasks = changed ? [...this.#tasks.values()] : (this.#shown?.tasks ?? []);
    this.#shown = { news, tasks, cores: this.#cores, rates: this.#rates, samples: this.#samples };
  }

  #forget(): void {
    this.#tasks.clear();
    this.#samples = [];
    this.#cpuMs.clear();
    this.#cores = new Map();
    this.#rates = undefined;
    this.#measured = undefined;
    this.#shown = undefined;
  }

  /** Compare an answer with the one before. */
  #measure(news: DashboardNews): void {
    const before = this.#measured;
    const elapsedMs = before ? news.nowMs - before.nowMs : 0;
    if (before && elapsedMs < leastApartMs) return;
    this.#measured = news;
    const { nowMs, status } = news;
    const cores = new Map<number, number>();
    const cpuMs = new Map<number, number>();
    let bytes = status.transport === 'threads' ? status.head.rssBytes : 0;
    let sum = 0;
    for (const { worldRank, cpuMs: now, rssBytes } of status.workers) {
      bytes += rssBytes ?? 0;
      if (now === undefined) continue;
      cpuMs.set(worldRank, now);
      const known = this.#cpuMs.get(worldRank);
      const used = known === undefined || !before ? 0 : Math.max(0, (now - known) / elapsedMs);
      cores.set(worldRank, used);
      sum += used;
    }
    this.#cpuMs = cpuMs;
    this.#cores = cores;
    // The first answer has none before it to be compared with.
    if (!before) return;
    this.#samples = [...this.#samples.slice(1 - mostSamples), { at: nowMs, cores: sum, bytes }];
    this.#rates = ratesBetween(before, news, elapsedMs);
  }
}

function ratesBetween(before: DashboardNews, now: DashboardNews, elapsedMs: number): Rates {
  const rate = (of: (news: DashboardNews) => number): number => {
    return (Math.max(0, of(now) - of(before)) / elapsedMs) * msPerSecond;
  };
  return {
    tasks: rate(({ stats }) => endedOf(stats)),
    calls: rate(({ stats }) => stats.collectives.calls),
    bytes: rate(({ stats }) => stats.collectives.bytes),
  };
}

function endedOf({ tasks }: DashboardNews['stats']): number {
  return tasks.succeeded + tasks.failed + tasks.cancelled + tasks.timedOut + tasks.lost;
}
