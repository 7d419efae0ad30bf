/** What a message consists of, as its head says. */
import { dtypeNames, itemBytes, objectId } from '../../types/dtype.js';

/** As a probe tells it: a dtype, or an object. */
export function kindOf(dtype: number): string {
  return dtype === objectId ? 'object' : (dtypeNames[dtype] ?? `dtype ${dtype}`);
}

/** Elements of so many bytes. */
export function countOf(dtype: number, sizeBytes: number): number {
  return sizeBytes / itemBytes[dtypeNames[dtype] ?? 'uint8'];
}
