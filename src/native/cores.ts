/** How many cores this process may use. */
import { availableParallelism } from 'node:os';
import { coreQuota } from './proc.js';

/** Cores of the affinity mask, or fewer where a control group allows less time; at least 1. */
export function usableCores(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(coreQuota())));
}
