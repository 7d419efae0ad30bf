/** Calls in words, for errors: what a record says that a rank called. */
import { algorithmOf } from '../algorithms/index.js';
import { errorClasses } from '../errors.js';
import { dtypeNames } from '../types/dtype.js';
import { kernelOpNames } from '../types/reduce-op.js';
import type { RecordView } from '../window/frame.js';

const refused = 2;

/** Such as `allreduce(float32 × 1000, op sum, name "loss")`. */
export function describeCall(record: RecordView): string {
  const algorithm = algorithmOf(record.operation);
  const operation = algorithm?.name ?? `operation ${record.operation}`;
  if (record.state === refused) {
    const code = errorClasses[record.code - 1]?.code ?? 'an unknown error';
    return `${operation} refused with ${code}`;
  }
  const parts: string[] = [];
  if (operation !== 'barrier') parts.push(`${dtypeNames[record.dtype] ?? record.dtype} × ${record.count}`);
  if (operation === 'allreduce') parts.push(`op ${kernelOpNames[record.op] ?? record.op}`);
  if (operation === 'broadcast') parts.push(`root ${record.root}`);
  if (record.name !== '') parts.push(`name ${JSON.stringify(record.name)}`);
  return `${operation}(${parts.join(', ')})`;
}
