/** What the page knows of the pool: it asks twice a second while somebody looks, and one question at a time. */
import type { DashboardNews } from '../driver/dashboard-news.js';
import type { TaskView } from '../driver/task-history.js';

const intervalMs = 500;
/** Tasks that are kept; the oldest that have ended go. */
const mostTasks = 12_000;
/** Seconds of processor and memory that are drawn. */
const mostSamples = 240;

/** Use of all workers at one time: cores that were busy, and bytes. */
export interface Sample {
  readonly at: number;
  readonly cores: number;
  readonly bytes: number;
}

/** What is drawn. A new object for each answer. */
export interface Shown {
  readonly news: DashboardNews;
  /** In the order in which they were submitted. */
  readonly tasks: readonly TaskView[];
  readonly samples: readonly Sample[];
  /** By worker: cores that it has used since the answer before. */
  readonly cores: ReadonlyMap<number, number>;
}

/** Asks, and tells whoever draws. */
export class Store {
  readonly #tell: (shown: Shown | undefined, problem: string | undefined) => void;
  readonly #tasks = new Map<string, TaskView>();
  #samples: Sample[] = [];
  #cpuMs = new Map<number, number>();
  #shown: Shown | undefined;
  #asksAgain = 0;

  constructor(tell: (shown: Shown | undefined, problem: string | undefined) => void) {
    this.#tell = tell;
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.ask();
    });
  }

  /** Ask now, and then in turn. */
  ask(): void {
    clearTimeout(this.#asksAgain);
    void this.#ask().then((hasMore) => {
      clearTimeout(this.#asksAgain);
      if (document.hidden) return;
      this.#asksAgain = window.setTimeout(() => this.ask(), hasMore ? 0 : intervalMs);
    });
  }

  async #ask(): Promise<boolean> {
    try {
      const known = this.#shown?.news;
      const response = await fetch(`/news?since=${known?.change ?? 0}`);
      if (!response.ok) {
        this.#tell(this.#shown, response.status === 401 ? 'This browser is not let in any more.' : 'No answer.');
        return false;
      }
      const news = (await response.json()) as DashboardNews;
      if (known && known.pool !== news.pool) this.#forget();
      else this.#take(news);
      return news.hasMore;
    } catch {
      this.#tell(this.#shown, 'The pool has ended, or cannot be reached. What is below was so at last.');
      return false;
    }
  }

  /** Another pool answers at the same address: begin anew. */
  #forget(): void {
    this.#tasks.clear();
    this.#samples = [];
    this.#cpuMs.clear();
    this.#shown = undefined;
  }

  #take(news: DashboardNews): void {
    for (const task of news.tasks) this.#tasks.set(task.id, task);
    let spare = this.#tasks.size - mostTasks;
    for (const [id, { ended }] of this.#tasks) {
      if (spare <= 0) break;
      if (ended === undefined) continue;
      this.#tasks.delete(id);
      spare--;
    }
    const cores = this.#measure(news);
    const changed = news.tasks.length > 0 || !this.#shown;
    const tasks = changed ? [...this.#tasks.values()] : (this.#shown?.tasks ?? []);
    this.#shown = { news, tasks, cores, samples: this.#samples };
    this.#tell(this.#shown, undefined);
  }

  #measure({ nowMs, status }: DashboardNews): Map<number, number> {
    const elapsed = nowMs - (this.#shown?.news.nowMs ?? nowMs);
    const cores = new Map<number, number>();
    const cpuMs = new Map<number, number>();
    let bytes = status.transport === 'threads' ? status.head.rssBytes : 0;
    let sum = 0;
    for (const { worldRank, cpuMs: now, rssBytes } of status.workers) {
      bytes += rssBytes ?? 0;
      if (now === undefined) continue;
      cpuMs.set(worldRank, now);
      const before = this.#cpuMs.get(worldRank);
      const used = before === undefined || elapsed <= 0 ? 0 : Math.max(0, (now - before) / elapsed);
      cores.set(worldRank, used);
      sum += used;
    }
    this.#cpuMs = cpuMs;
    // The first answer has none before it to be compared with.
    if (elapsed > 0) this.#samples = [...this.#samples.slice(1 - mostSamples), { at: nowMs, cores: sum, bytes }];
    return cores;
  }
}
