/** `shoal top`: a pool at work, on the terminal, again and again. */
import { Command } from 'commander';
import { colours } from './colours.js';
import { assert } from '../assert.js';
import { nowMs } from '../clock.js';
import { connectHead } from '../driver/connect-head.js';
import type { RemoteHead } from '../driver/remote-head.js';
import { ClosedError, InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import { FollowedPool } from '../view/followed-pool.js';
import type { PoolFacts } from '../view/pool-facts.js';
import { poolFacts } from '../view/pool-facts.js';
import { numberOption } from './number-option.js';
import { Patience } from './patience.js';
import { printTo } from './print-to.js';
import { tell, waiting } from './progress.js';
import { isScreen, Screen } from './screen.js';
import type { Paint } from './top-lines.js';
import { topLines } from './top-lines.js';
import type { PoolFlags } from './use-pool.js';
import { addressOption } from './use-pool.js';

interface Flags extends PoolFlags {
  readonly interval: number;
  readonly once?: boolean;
}

const msPerSecond = 1_000;
/** Seconds. */
const intervals = { least: 0.1, most: 3_600, usual: 1 };
/** An answer that takes longer is told of. */
const patienceMs = 1_000;
const none = (text: string | number | null | undefined): string => String(text);
const plain: Paint = { bold: none, dim: none, red: none, green: none, yellow: none };

/** The command. */
export function topCommand(): Command {
  return new Command('top')
    .summary('show a pool at work, live')
    .description(
      'Show workers by node, tasks, queue with why each waits, gangs, collectives and the last failures, again and again ' +
        'until q, Ctrl-C or the end of the pool. In a pipe it prints one picture after another, without colours.',
    )
    .option('--interval <seconds>', 'from one look to the next, 0.1 to 3600', numberOption, intervals.usual)
    .option('--once', 'print one picture, after one interval, and return')
    .option('--json', 'print one JSON object for each look, on a line of its own')
    .option(...addressOption)
    .action(async (flags: Flags) => {
      const { interval, once = false, json = false } = flags;
      if (!(interval >= intervals.least && interval <= intervals.most)) {
        throw new InvalidArgumentError(
          `top: expected interval to be from ${intervals.least} to ${intervals.most} seconds, received ${show(interval)}`,
          { option: 'interval' },
        );
      }
      const head = await waiting('asking the pool', flags, () => connectHead(flags.address));
      const address = head.status.address ?? '';
      let hasEnded: boolean;
      try {
        const view = { head, looks: new Looks(head), intervalMs: interval * msPerSecond };
        if (json || once || !isScreen(process.stdout)) await print(view, once, json ? JSON.stringify : asText);
        else await draw(view);
        head.assertNotLost();
        hasEnded = head.isGone;
      } catch (error) {
        head.assertNotLost();
        if (once || !head.isGone || !(error instanceof ClosedError)) throw error;
        hasEnded = true;
      } finally {
        await head.close(true);
      }
      if (hasEnded && !json) tell(`the pool at ${address} has ended`);
    });
}

interface View {
  readonly head: RemoteHead;
  readonly looks: Looks;
  readonly intervalMs: number;
}

/** Asks a pool how it is, and puts the answers together. */
class Looks {
  readonly #head: RemoteHead;
  readonly #pool = new FollowedPool();

  constructor(head: RemoteHead) {
    this.#head = head;
  }

  /** All that there is to tell now. @throws {@link ClosedError} when the pool has ended. */
  async next(): Promise<PoolFacts> {
    let hasMore = true;
    while (hasMore) {
      const news = await this.#head.questions.news(this.#pool.change);
      this.#pool.take(news);
      ({ hasMore } = news);
    }
    const { shown } = this.#pool;
    assert(shown, 'an answer of the pool that was asked before');
    return poolFacts(shown, new Date(), this.#head.status.address);
  }
}

/** One picture after another; the first look is what the second is compared with. */
async function print(
  { head, looks, intervalMs }: View,
  once: boolean,
  text: (facts: PoolFacts) => string,
): Promise<void> {
  const write = printTo(process.stdout);
  const patience = new Patience(head.ended);
  await looks.next();
  do {
    await patience.wait(intervalMs);
    await write(`${text(await looks.next())}\n`);
  } while (!once);
}

function asText(facts: PoolFacts): string {
  const { columns, isTTY } = process.stdout;
  const hasWidth = isTTY && columns > 0;
  const paint = isScreen(process.stdout) && colours.isColorSupported ? colours : plain;
  return `${topLines(facts, { columns: hasWidth ? columns : Infinity, rows: Infinity, paint }).join('\n')}\n`;
}

/** In place, until somebody quits or the pool ends. */
async function draw({ head, looks, intervalMs }: View): Promise<void> {
  let facts: PoolFacts | undefined;
  let problem: string | undefined;
  const paint = colours.isColorSupported ? colours : plain;
  const screen = new Screen(process.stdout, process.stdin, () => {
    if (facts) screen.show(topLines(facts, { ...screen.size, paint, problem, foot: 'q quits' }));
  });
  const patience = new Patience(screen.quit, head.ended);
  screen.open();
  try {
    for (;;) {
      const asked = nowMs();
      const look = looks.next();
      let waited = await patience.wait(patienceMs, look);
      while (waited === 'late') {
        problem = `no answer for ${Math.round((nowMs() - asked) / msPerSecond)} s`;
        screen.draw();
        waited = await patience.wait(patienceMs, look);
      }
      if (waited === 'over') return;
      facts = await look;
      problem = undefined;
      screen.draw();
      if ((await patience.wait(intervalMs)) === 'over') return;
    }
  } finally {
    screen.close();
  }
}
