/** `shoal trace`: record what a pool does, as a timeline for Perfetto. */
import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { clearTimeout, longestTimerMs, setTimeout } from '../clock.js';
import { limit } from '../driver/check-options.js';
import { fillTrace } from '../driver/trace.js';
import type { TraceDocument } from '../head/trace-document.js';
import { numberOption } from './number-option.js';
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
      const document = await withPool(flags, async (head, say) => {
        const stop = await head.startTrace(most);
        say(timeMs === null ? 'recording; Ctrl-C ends it' : `recording for ${timeMs} ms`);
        await endOrInterrupt(timeMs);
        return stop();
      });
      await writeFile(out, JSON.stringify(document));
      const counts = countsOf(document);
      process.stdout.write(flags.json ? `${JSON.stringify({ out, ...counts })}\n` : sentence(out, counts));
    });
}

/** After a time, or at SIGINT or SIGTERM. */
function endOrInterrupt(timeMs: number | null): Promise<void> {
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
  });
}

interface Counts {
  readonly tasks: number;
  readonly calls: number;
  /** Calls and tasks that are missing. */
  readonly missing: number;
}

function countsOf({ traceEvents, otherData }: TraceDocument): Counts {
  const isCall = new Set(['collective', 'message']);
  const calls = traceEvents.filter(
    ({ ph, cat, args }) => ph === 'X' && isCall.has(cat ?? '') && args && 'call' in args,
  );
  const tasks = new Set(traceEvents.flatMap(({ ph, cat, id }) => (ph === 'b' && cat === 'task' ? [id] : [])));
  const lost = Object.values(otherData.lost).reduce((sum, each) => sum + each, 0);
  return { tasks: tasks.size, calls: calls.length, missing: lost + otherData.dropped };
}

function sentence(out: string, { tasks, calls, missing }: Counts): string {
  const more = missing > 0 ? `; ${missing} more are missing, see its otherData` : '';
  return `wrote ${out}: ${tasks} tasks, ${calls} calls${more}. Open it at https://ui.perfetto.dev\n`;
}
