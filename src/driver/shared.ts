/** Data that `pool.share` has laid on the workers' hosts. */
import type { ReferenceOwner } from '../protocol/reference.js';
import { Reference } from '../protocol/reference.js';

/**
 * Data that lies once on each host, for tasks that have it as an argument. Made by {@link Pool.share}.
 *
 * @example
 * using data: Shared<Float64Array> = await pool.share(Float64Array.of(1, 2, 3));
 * console.log(`${data.sizeBytes} bytes on each host`);
 * await pool.run(tasks, { export: 'sum', args: [data] });
 * @see {@link Reference} for its life.
 */
export class Shared<T = unknown> extends Reference<T> {
  /** Bytes that it takes on each host. */
  readonly sizeBytes: number;

  /** @internal */
  constructor(id: string, owner: ReferenceOwner, sizeBytes: number) {
    super(id, owner);
    this.sizeBytes = sizeBytes;
  }
}
