/**
 * Bucket: allreduces of many arrays that come one by one, several in one call.
 *
 * Source: tensor fusion of Horovod (Sergeev and Del Balso, 2018) and the gradient buckets of PyTorch's
 * DistributedDataParallel (Li et al., "PyTorch Distributed", VLDB 2020). Cost: that of an allreduce of a list, and one
 * more exchange of four numbers where ranks have added different numbers of arrays so far.
 */
import type { NumericBuffer } from '../types/buffers.js';
import type { AnyReduceOptions } from '../types/reduce-options.js';
import { allreduce } from './allreduce.js';
import type { CollectiveOptions } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** Its calls are allreduces; the number says in their first stage that a bucket makes them. */
export const bucket: Operation = {
  ...allreduce,
  name: 'bucket',
  number: 24,
  takesList: false,
  takesNumber: false,
  options: ['op', 'dtype', 'accumulate', 'bytes', ...commonOptions],
};

/**
 * Options of {@link MakeBucket.bucket}; the common ones are those of each fused call.
 *
 * @example
 * const options: BucketOptions = { op: 'avg', bytes: 2 ** 20 };
 * const bucket = collective.bucket(options);
 */
export interface BucketOptions extends AnyReduceOptions, CollectiveOptions {
  /** Most bytes of one fused call, default 25 MiB; an array that is longer goes by itself. The same on every rank. */
  readonly bytes?: number | undefined;
}

/**
 * Allreduces that are fused.
 *
 * @example
 * const bucket: Bucket = collective.bucket({ op: 'avg' });
 * void bucket.add(gradients);
 * void bucket.add(weights);
 * await bucket.flush();
 */
export interface Bucket {
  /**
   * Reduce `x` in place over all ranks, together with others that are added about now.
   *
   * Every rank adds as many arrays, of the same dtypes and lengths in the same order, whenever it has them. What is added
   * in one go is sent when the code that runs has ended, or when `bytes` have come together. What comes while a call is
   * under way goes into the next one. From the first `add` to the end of a flush the group has no other collectives. They
   * would come between two calls of the bucket on one rank, and behind them on another. A bucket of a group of its own,
   * `(await collective.split(0)).bucket()`, goes beside those of the task. Ownership: `x` belongs to the call until the promise settles.
   *
   * @returns `x`, bit for bit as an allreduce of it alone gives.
   * @throws {@link InvalidArgumentError} for what no allreduce takes; on the other ranks this place in the order is a
   * mismatch, and the bucket goes on.
   * @throws {@link CollectiveMismatchError} on every rank, for each array of a fused call in which ranks disagree;
   * nothing of it was written.
   * @throws Otherwise as {@link Allreduce.allreduce}, for each array that was added and has not ended.
   * @example
   * const bucket = collective.bucket({ op: 'avg' });
   * const [first, second] = await Promise.all([bucket.add(gradients), bucket.add(weights)]);
   */
  add<T extends NumericBuffer>(x: T): Promise<T>;
  /**
   * Send what there is now, and wait for it.
   *
   * @returns A promise that settles when all that was added before has ended. It rejects with the first error that no
   * flush has told before: so `add` need not be awaited by itself.
   * @example
   * const bucket = collective.bucket();
   * void bucket.add(gradients);
   * await bucket.flush();
   */
  flush(): Promise<void>;
}

/** The method that makes one. */
export interface MakeBucket {
  /**
   * Make a bucket: arrays that are added to it, such as the gradients of a backward pass, are reduced in place, several
   * in one call.
   *
   * @throws {@link InvalidArgumentError} for bad options.
   * @example
   * const bucket = collective.bucket({ op: 'avg' });
   * for (const layer of layers) void bucket.add(layer.computeGradient());
   * await bucket.flush(); // every gradient is now the mean over all ranks
   * @see Horovod's tensor fusion; torch.nn.parallel.DistributedDataParallel
   */
  bucket(options?: BucketOptions): Bucket;
}
