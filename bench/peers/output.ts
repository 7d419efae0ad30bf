/** What programs in other languages print. */
import type { Measured } from '../rounds/samples.js';

/** Lines of form, bytes or tasks at once, microseconds. */
export function toMeasured(lines: readonly string[][]): Measured[] {
  return lines.map(([form = '', at, us]) => ({ form, at: Number(at), us: Number(us) }));
}
