/** Calls in words, for errors: what a descriptor says that a rank called. */
import { errorClasses } from '../errors.js';
import type { Descriptor } from './descriptor.js';
import { bucket } from './bucket.js';
import { counts } from './counts.js';
import { operationOf } from './index.js';
import { dtypeNames } from '../types/dtype.js';
import { kernelOpNames } from '../types/reduce-op.js';

const refused = 2;
/** Of a call that a bucket makes for what is added to it. */
export const bucketText = 'bucket.add(…)';

/** Such as `allreduce(float32 × 1000, op sum, name "loss")`. */
export function describeCall(descriptor: Descriptor): string {
  const operation = operationOf(descriptor.operation);
  // What belongs to a call of several stages, and all that a bucket does.
  const whole = operation === counts ? (operationOf(descriptor.root) ?? operation) : operation;
  if (whole === bucket) return bucketText;
  if (operation === counts) return `${whole?.name ?? operation.name}(…)`;
  const what = operation?.name ?? `operation ${descriptor.operation}`;
  if (descriptor.state === refused) {
    const code = errorClasses[descriptor.code - 1]?.code ?? 'an unknown error';
    return `${what} refused with ${code}`;
  }
  const { shared, list } = descriptor;
  const parts: string[] = [];
  if (operation?.takes === 'class') parts.push(descriptor.name);
  if (operation?.takes === 'blocks') parts.push(dtypeNames[descriptor.dtype] ?? String(descriptor.dtype));
  if (operation?.takes === 'buffer') {
    const each = operation.brings === 'each' ? ' for each rank' : '';
    parts.push(`${dtypeNames[descriptor.dtype] ?? descriptor.dtype} × ${descriptor.count}${each}`);
  }
  if (list !== undefined) parts.push(`in a list of ${list}`);
  if (operation?.reduces) parts.push(`op ${kernelOpNames[descriptor.op] ?? descriptor.op}`);
  if (operation?.options.includes('root')) parts.push(`root ${descriptor.root}`);
  if (shared) parts.push(`into byte ${shared.byteOffset} of the shared array of call ${shared.array}`);
  if (descriptor.name !== '' && operation?.takes !== 'class') parts.push(`name ${JSON.stringify(descriptor.name)}`);
  return `${what}(${parts.join(', ')})`;
}
