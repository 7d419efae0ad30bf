/** A trace of a pool, for Perfetto. */
import { showCallers } from '../caller-lines.js';
import { writeFile } from 'node:fs/promises';
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import type { TraceDocument } from '../head/trace-document.js';
import { keepHere } from '../protocol/value-kinds.js';
import { ownOptions } from './check-options.js';

/**
 * What {@link Pool.trace} takes.
 *
 * @example
 * const options: TraceOptions = { maxEvents: 10_000 };
 * await using trace = await pool.trace(options);
 */
export interface TraceOptions {
  /** Calls of ranks, and tasks, that are kept at most; later ones are counted. Default: 100,000. */
  readonly maxEvents?: number | undefined;
}

/** For docs/api.md. */
export const traceOptionNames: readonly ['maxEvents'] = ['maxEvents'];
const defaultMaxEvents = 100_000;
/** As many as the longest text of a program has room for. */
const mostEvents = 1_000_000;

/** Fill and check. */
export function fillTrace(options: TraceOptions): number {
  const { maxEvents = defaultMaxEvents } = ownOptions('trace', options, traceOptionNames);
  if (Number.isInteger(maxEvents) && maxEvents >= 1 && maxEvents <= mostEvents) return maxEvents;
  throw new InvalidArgumentError(
    `trace: expected maxEvents to be an integer from 1 to ${mostEvents}, received ${show(maxEvents)}`,
    { option: 'maxEvents' },
  );
}

/**
 * A trace that runs, made by {@link Pool.trace}. It costs each call of a rank about half a microsecond.
 *
 * @example
 * await using trace = await pool.trace();
 * await pool.run(tasks, { workers: 2, args: ['train.bin'] });
 * await trace.save('trace.json'); // open it at ui.perfetto.dev
 */
export class Trace implements AsyncDisposable {
  static {
    keepHere(this.prototype);
    showCallers(this.prototype);
  }
  readonly #end: () => Promise<TraceDocument>;
  #document: Promise<TraceDocument> | undefined;

  /** @internal */
  constructor(end: () => Promise<TraceDocument>) {
    this.#end = end;
  }

  /**
   * End the trace. A second call gives the same.
   *
   * @example
   * const trace = await pool.trace();
   * const { traceEvents, otherData } = await trace.stop();
   * console.log(`${traceEvents.length} events in ${otherData.lengthMs} ms`);
   *
   * @returns What `JSON.stringify` makes a file of that Perfetto opens.
   * @throws {@link ClosedError} over `connect()`, when the connection was closed before.
   */
  stop(): Promise<TraceDocument> {
    return (this.#document ??= this.#end());
  }

  /**
   * End the trace, and write it to a file.
   *
   * @example
   * const trace = await pool.trace();
   * await trace.save('trace.json');
   *
   * @param path - The file; what was there is replaced.
   * @throws As {@link Trace.stop}, and what writing a file throws.
   */
  async save(path: string | URL): Promise<void> {
    if (!(path instanceof URL) && (typeof path !== 'string' || path === '')) {
      throw new InvalidArgumentError(`save: expected the path of a file, received ${show(path)}`);
    }
    await writeFile(path, JSON.stringify(await this.stop()));
  }

  /** `stop()` at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => undefined);
  }
}
