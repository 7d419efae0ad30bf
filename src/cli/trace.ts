/** `shoal trace`: record what a pool does, as a timeline for Perfetto. */
import { Command } from 'commander';
import { clearTimeout, longestTimerMs, setTimeout } from '../clock.js';
import { limit } from '../driver/check-options.js';
import type { RemoteHead } from '../driver/remote-head.js';
import { fillTrace } from '../driver/trace.js';
import { ClosedError } from '../errors.js';
import { counted } from '../grammar.js';
import type { TraceDocument } from '../head/trace-document.js';
import { numberOption } from './number-option.js';
import { openPlace } from './output-place.js';
import type { Say } from './progress.js';
import type { PoolFlags } from './use-pool.js';
import { addressOption, withPool } from './use-pool.js';

interface TraceFlags extends PoolFlags {
  out: string;
  forMs?: number;
  maxEvents?: number;
}

/** The command. */
export function traceCommand(): Command {
  return new Command('trace')
    .summary('record what a pool does, for Perfetto')
    .description(
      'Record what a pool does until Ctrl-C, or for a time: tasks and what they wait for, the collectives of every rank ' +
        'with the time for which it waited, copied and reduced, messages as arrows, rounds, and starts of workers. Open ' +
        'the file at https://ui.perfetto.dev.',
    )
    .option('--out <file>', 'where to write it', 'trace.json')
    .option('--for-ms <ms>', 'end after this time', numberOption)
    .option('--max-events <n>', 'calls of ranks, and tasks, that are kept at most; default 100000', numberOption)
    .option('--json', 'print one JSON object')
    .option(...addressOption)
    .action(async ({ out, forMs, maxEvents, ...flags }: TraceFlags) => {
      const timeMs = limit('trace', 'forMs', forMs, null);
      const most = fillTrace({ maxEvents });
      const place = await openPlace('trace', '--out', out);
      try {
        const document = await withPool(flags, (head, say) => record(head, most, timeMs, say));
        await place.write(JSON.stringify(document));
        const counts = countsOf(document);
        process.stdout.write(flags.json ? `${JSON.stringify({ out, ...counts })}\n` : sentence(out, counts));
      } finally {
        place.close();
      }
    });
}

/** @throws {@link ClosedError} at once when the pool ends. */
async function record(head: RemoteHead, most: number, timeMs: number | null, say: Say): Promise<TraceDocument> {
  const stop = await head.questions.startTrace(most);
  say(timeMs === null ? 'recording; Ctrl-C ends it' : `recording for ${timeMs} ms`);
  await endOrInterrupt(timeMs, head.ended);
  try {
    return await stop();
  } catch (cause) {
    head.assertNotLost();
    if (!head.isGone) throw cause;
    const { address } = head.status;
    throw new ClosedError(
      `trace: the pool at ${address} has ended; what was recorded lay in its process and is lost`,
      {},
      { cause },
    );
  }
}

/** After a time, at SIGINT or SIGTERM, or at the end of the pool. */
function endOrInterrupt(timeMs: number | null, poolEnded: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      process.off('SIGINT', end);
      process.off('SIGTERM', end);
      resolve();
    };
    // Without a time the timer keeps the process until a signal comes.
    const timer = setTimeout(end, Math.min(timeMs ?? longestTimerMs, longestTimerMs));
    process.on('SIGINT', end);
    process.on('SIGTERM', end);
    void poolEnded.then(end);
  });
}

/** The words are those of the file's `otherData`. */
interface Counts {
  readonly tasks: number;
  readonly calls: number;
  /** Calls and tasks beyond `maxEvents`. */
  readonly dropped: number;
  /** By worker: calls that came faster than they could be taken. */
  readonly lost: Readonly<Record<string, number>>;
}

function countsOf({ traceEvents, otherData }: TraceDocument): Counts {
  const isCall = new Set(['collective', 'message']);
  const calls = traceEvents.filter(
    ({ ph, cat, args }) => ph === 'X' && isCall.has(cat ?? '') && args && 'call' in args,
  );
  const tasks = new Set(traceEvents.flatMap(({ ph, cat, id }) => (ph === 'b' && cat === 'task' ? [id] : [])));
  const { dropped, lost } = otherData;
  return { tasks: tasks.size, calls: calls.length, dropped, lost };
}

function sentence(out: string, { tasks, calls, dropped, lost }: Counts): string {
  const lostInAll = Object.values(lost).reduce((sum, each) => sum + each, 0);
  const less = [
    ...(dropped > 0 ? [`; ${dropped} more were dropped, --max-events keeps more`] : []),
    ...(lostInAll > 0
      ? [`; ${counted(lostInAll, 'call')} came too fast and ${lostInAll === 1 ? 'is' : 'are'} lost`]
      : []),
  ].join('');
  return `wrote ${out}: ${counted(tasks, 'task')}, ${counted(calls, 'call')}${less}. Open it at https://ui.perfetto.dev\n`;
}
