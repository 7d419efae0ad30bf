/** One rank of the assignments benchmark: says how large its group is. */
import { context } from 'shoal/worker';

export default function member(): number {
  return context.size;
}
