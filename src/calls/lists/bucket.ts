/**
 * A bucket on one rank: arrays wait in the order in which they were added, and one fused call at a time takes the first
 * of them.
 */
import { lostBuffer } from '../../backend/piece-bytes.js';
import { showCallers } from '../../caller-lines.js';
import { queueMicrotask } from '../../clock.js';
import type { ShoalError } from '../../errors.js';
import { CollectiveMismatchError, InvalidArgumentError } from '../../errors.js';
import { show } from '../../show.js';
import { rangesOf } from '../../operands/buffers-in-use.js';
import { checkOp } from '../../operands/numeric.js';
import { allreduce } from '../../operations/allreduce.js';
import type { Bucket } from '../../operations/bucket.js';
import { bucket } from '../../operations/bucket.js';
import type { NumericBuffer } from '../../types/buffers.js';
import { bucketCall, missingAdd } from './bucket-call.js';
import { BucketEntry, FlushedEntries } from './bucket-entry.js';
import { GivenOptions } from '../call-options.js';
import { Call } from '../call.js';
import type { GroupCalls } from '../group-calls.js';
import type { Item } from './list-items.js';
import { readItem } from './list-items.js';
import { checkName, checkSignal, checkTimeout } from '../validate.js';

/** As PyTorch's DistributedDataParallel has it. */
const defaultBytes = 25 * 1024 * 1024;
const what = 'bucket.add';

/** See above. */
export class OwnBucket implements Bucket {
  static {
    showCallers(this.prototype, ['add']);
  }
  readonly #calls: GroupCalls;
  readonly #given = new GivenOptions();
  readonly #signal: AbortSignal | undefined;
  readonly #bytes: number;
  readonly #waiting: BucketEntry[] = [];
  /** What no flush waits for yet. */
  #unflushed = new FlushedEntries();
  /** The flush before. */
  #flushed: Promise<void> = Promise.resolve();
  #waitingBytes = 0;
  /** Arrays that are no longer waiting. */
  #ended = 0;
  #isUnderWay = false;
  #isScheduled = false;

  /** @throws {@link InvalidArgumentError} */
  constructor(calls: GroupCalls, options: unknown) {
    this.#calls = calls;
    this.#given.read(bucket, 'awaited', options);
    const { name, timeoutMs, signal, bytes = defaultBytes } = this.#given;
    checkName('bucket', name);
    checkTimeout('bucket', timeoutMs, calls.setting.timeoutMs);
    this.#signal = checkSignal('bucket', signal);
    if (typeof bytes !== 'number' || !Number.isInteger(bytes) || bytes < 1) {
      throw new InvalidArgumentError(`bucket: expected bytes to be an integer above 0, received ${show(bytes)}`, {
        option: 'bytes',
      });
    }
    this.#bytes = bytes;
  }

  add<T extends NumericBuffer>(x: T): Promise<T> {
    const entry = new BucketEntry(what, x, this.#unflushed);
    const { failure } = this.#calls.group;
    if (failure) entry.settle(failure);
    else this.#put(entry, x);
    return entry.promise as Promise<T>;
  }

  async flush(): Promise<void> {
    this.#start();
    const flushed = this.#unflushed;
    this.#unflushed = new FlushedEntries();
    const ended = Promise.all([this.#flushed, flushed.ended()]);
    this.#flushed = ended.then(() => undefined);
    await this.#flushed;
    if (flushed.error !== undefined) throw flushed.error as ShoalError;
  }

  #put(entry: BucketEntry, x: unknown): void {
    try {
      this.#read(entry, x);
    } catch (error) {
      entry.settle(error);
    }
    this.#calls.buffers.take(entry);
    this.#waiting.push(entry);
    this.#waitingBytes += entry.sizeBytes;
    if (this.#waitingBytes >= this.#bytes) this.#start();
    else this.#schedule();
  }

  #read(entry: BucketEntry, x: unknown): void {
    const { setting } = this.#calls;
    const item = readItem(what, allreduce, { buffer: 'x', out: 'x' }, [x], this.#given, setting, true);
    checkOp(what, this.#given, item.dtype);
    const ranges = rangesOf([item.source.memory]);
    this.#calls.buffers.assertFree(what, ranges);
    entry.item = item;
    entry.ranges = ranges;
    entry.sizeBytes = item.source.array.byteLength;
  }

  /** What is added by the code that runs now goes together. */
  #schedule(): void {
    if (this.#isScheduled || this.#isUnderWay) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#start();
    });
  }

  #start(): void {
    if (this.#isUnderWay || this.#waiting.length === 0) return;
    this.#isUnderWay = true;
    const { group, setting } = this.#calls;
    let taken = 0;
    const offered = {
      items: this.#next(),
      first: this.#ended,
      agreed: (count: number): void => {
        taken = count;
      },
    };
    const { args, stages } = bucketCall(what, offered, this.#given, setting);
    const call = new Call(group, args, undefined, stages);
    call.signal = this.#signal;
    const end = (given: unknown): void => {
      const isMissing = given instanceof CollectiveMismatchError && taken === 0 && 'sequence' in given;
      const error = isMissing ? missingAdd(what, offered.first, given) : given;
      // An array that was refused, or a call that met another one, leaves out one array on every rank.
      const isOver = error !== undefined && !(error instanceof CollectiveMismatchError);
      this.#end(isOver ? this.#waiting.length : Math.max(taken, 1), error);
    };
    this.#calls.startCall(call).then(() => {
      end(undefined);
    }, end);
  }

  /** The arrays that the next call takes at most: the first ones that fit, and at least one. */
  #next(): Item[] {
    const items: Item[] = [];
    let sizeBytes = 0;
    for (const [index, { item, ranges, sizeBytes: own }] of this.#waiting.entries()) {
      sizeBytes += own;
      if (!item || (index > 0 && sizeBytes > this.#bytes)) break;
      const [range = { start: 0, end: 0 }] = ranges;
      if (item.source.memory.byteLength !== range.end - range.start) {
        this.#lose(index);
        break;
      }
      items.push(item);
    }
    return items;
  }

  /** The memory of an array that waits is gone: its place remains. */
  #lose(index: number): void {
    const lost = this.#waiting[index];
    if (!lost) return;
    this.#calls.buffers.giveBack(lost);
    lost.settle(lostBuffer(what, lost.item?.source.memory.byteLength ?? 0));
    lost.item = undefined;
    lost.ranges = [];
    this.#calls.buffers.take(lost);
  }

  /** A call has ended, and with it the first arrays that wait. */
  #end(count: number, error: unknown): void {
    this.#isUnderWay = false;
    this.#ended += count;
    for (const entry of this.#waiting.splice(0, count)) {
      this.#waitingBytes -= entry.sizeBytes;
      this.#calls.buffers.giveBack(entry);
      entry.settle(error);
    }
    this.#start();
  }
}
