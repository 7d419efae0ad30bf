/** What the start of a call does with its time, for a trace and for the sums of its task. Made once for all starts. */
import type { CallArguments } from '../backend/call-arguments.js';
import { CallWork } from '../records/call-work.js';
import type { TracedCall, Tracer } from '../records/tracer.js';
import type { TimeInCalls } from './time-in-calls.js';

/** See above. */
export class TimedStart {
  readonly #args: CallArguments;
  readonly #work = new CallWork(0);
  /** Its number, or that of its first piece. */
  #sequence = 0;

  constructor(args: CallArguments) {
    this.#args = args;
  }

  /** It begins. Returns where its time is added up. */
  begin(tracer: Tracer | undefined, sequence: number): CallWork {
    this.#sequence = sequence;
    return this.#work.restart(tracer?.now() ?? 0);
  }

  /** Tell a trace that it has ended. */
  tell(tracer: Tracer, place: Pick<TracedCall, 'lease' | 'group' | 'rank' | 'failed'>): void {
    const { operation, dtype, op, root, count, itemBytes, blocksIn, blocksOut, name } = this.#args;
    const sizeBytes = count * itemBytes * Math.max(blocksIn, blocksOut);
    const what = { operation: operation.number, dtype: dtype + 256 * op, peer: root, tag: -1, count, sizeBytes, name };
    tracer.end({ kind: 'collective', ...what, sequence: this.#sequence, ...place }, this.#work);
  }

  /** Answer who has asked. @param weight - How many calls it stands for. */
  answer(asker: TimeInCalls | undefined, weight: number): void {
    asker?.told(this.#work, weight);
  }
}
