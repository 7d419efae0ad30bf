/** A stage in which every rank says some numbers of the call that follows, and learns those of all. */
import type { CallArguments } from '../../backend/call-arguments.js';
import { counts } from '../../operations/counts.js';
import { dtypeId } from '../../types/dtype.js';
import { emptyArguments } from '../validate.js';

/**
 * Its arguments.
 *
 * @param call - That it belongs to.
 * @param said - What this rank says; as many numbers on every rank.
 * @param all - Where those of all ranks go, in rank order.
 */
export function countsStage(
  { operation, name, timeoutMs }: Pick<CallArguments, 'operation' | 'name' | 'timeoutMs'>,
  said: Float64Array,
  all: Float64Array,
): CallArguments {
  return {
    ...emptyArguments(counts),
    name,
    timeoutMs,
    root: operation.number,
    dtype: dtypeId('float64'),
    itemBytes: said.BYTES_PER_ELEMENT,
    count: said.length,
    blocksOut: all.length / said.length,
    input: said,
    output: all,
  };
}
