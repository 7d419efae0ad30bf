/** The page's questions to the pool: twice a second while somebody looks, and one at a time. */
import type { DashboardNews } from '../driver/dashboard-news.js';
import type { Shown } from '../view/followed-pool.js';
import { FollowedPool } from '../view/followed-pool.js';

const intervalMs = 500;

/** Asks, and tells whoever draws. */
export class Store {
  readonly #tell: (shown: Shown | undefined, problem: string | undefined) => void;
  readonly #pool = new FollowedPool();
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
      const response = await fetch(`/news?since=${this.#pool.change}`);
      if (!response.ok) {
        this.#tell(this.#pool.shown, response.status === 401 ? 'This browser is not let in any more.' : 'No answer.');
        return false;
      }
      const news = (await response.json()) as DashboardNews;
      this.#pool.take(news);
      if (this.#pool.shown) this.#tell(this.#pool.shown, undefined);
      return news.hasMore;
    } catch {
      this.#tell(this.#pool.shown, 'The pool has ended, or cannot be reached. What is below was so at last.');
      return false;
    }
  }
}
