/** What one thread of this process does alone: the figures of `shoal bench` stand beside these. */
import { nowMs } from '../clock.js';

/** Arrays that are added in turn; more would be memory and no difference. */
const mostArrays = 8;
const bytesInCache = 2 ** 14;

/** Of one size, in microseconds. */
export interface Baseline {
  readonly bytes: number;
  /** To copy an array, once. */
  readonly memcpyUs: number;
  /** To add as many arrays as there are ranks, element by element. */
  readonly loopUs: number;
}

/** Measure both. @param budgetMs - For each, about. */
export function baseline(bytes: number, ranks: number, budgetMs: number): Baseline {
  const count = bytes / Float32Array.BYTES_PER_ELEMENT;
  const arrays = Array.from({ length: Math.min(ranks, mostArrays) }, () => new Float32Array(count).fill(1));
  const out = new Float32Array(count);
  const [first = out] = arrays;
  const copies = Math.max(1, Math.floor(bytesInCache / bytes));
  const memcpyUs =
    medianUs(budgetMs, () => {
      for (let copy = 0; copy < copies; copy++) out.set(first);
    }) / copies;
  const loopUs = medianUs(budgetMs, () => {
    out.set(first);
    for (let rank = 1; rank < ranks; rank++) add(out, arrays[rank % arrays.length] ?? first);
  });
  if (out[0] !== ranks) throw new Error(`the loop's sum is ${out[0]}, not ${ranks}`);
  return { bytes, memcpyUs, loopUs };
}

function add(to: Float32Array, from: Float32Array): void {
  for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) + (from[i] as number);
}

/** Of as many runs as there is time for, at least 3; those before are for the compiler. */
function medianUs(budgetMs: number, run: () => void): number {
  const times: number[] = [];
  const begun = nowMs();
  for (let i = 0; i < 3; i++) run();
  while (times.length < 3 || nowMs() - begun < budgetMs) {
    const at = nowMs();
    run();
    times.push((nowMs() - at) * 1_000);
  }
  return median(times);
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
