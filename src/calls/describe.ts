/** Calls in words, for errors: what a descriptor says that a rank called. */
import { algorithmOf } from '../operations/index.js';
import { errorClasses } from '../errors.js';
import { dtypeNames } from '../types/dtype.js';
import { kernelOpNames } from '../types/reduce-op.js';
import type { Descriptor } from '../backend/descriptor.js';

const refused = 2;

/** Such as `allreduce(float32 × 1000, op sum, name "loss")`. */
export function describeCall(descriptor: Descriptor): string {
  const algorithm = algorithmOf(descriptor.operation);
  const operation = algorithm?.name ?? `operation ${descriptor.operation}`;
  if (descriptor.state === refused) {
    const code = errorClasses[descriptor.code - 1]?.code ?? 'an unknown error';
    return `${operation} refused with ${code}`;
  }
  const parts: string[] = [];
  if (operation !== 'barrier') parts.push(`${dtypeNames[descriptor.dtype] ?? descriptor.dtype} × ${descriptor.count}`);
  if (operation === 'allreduce') parts.push(`op ${kernelOpNames[descriptor.op] ?? descriptor.op}`);
  if (operation === 'broadcast') parts.push(`root ${descriptor.root}`);
  if (descriptor.name !== '') parts.push(`name ${JSON.stringify(descriptor.name)}`);
  return `${operation}(${parts.join(', ')})`;
}
