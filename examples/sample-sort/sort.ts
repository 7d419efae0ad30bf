/** The task: a sample sort. Afterwards rank 0 has the smallest numbers, the last rank the largest, each in order. */
import { collective, context } from 'shoal/worker';

/**
 * Sort numbers that lie over the ranks.
 *
 * Source: Frazer and McKellar, Samplesort, 1970, with samples taken at even distances.
 *
 * @param all - The numbers, shared by all ranks; each begins with its share of them.
 * @param oversampling - Samples that each rank takes for each rank. More of them make the parts more even.
 */
export default async function sort(all: Float64Array, oversampling: number): Promise<Float64Array> {
  const { rank, size } = context;
  const from = Math.floor((rank * all.length) / size);
  const mine = all.slice(from, Math.floor(((rank + 1) * all.length) / size)).sort();

  // Every rank takes samples of its own numbers. The sorted samples of all tell where to cut.
  const taken = mine.length === 0 ? 0 : oversampling * size;
  const samples = Float64Array.from({ length: taken }, (_, i) => mine[Math.floor((i * mine.length) / taken)]!);
  const allSamples = (await collective.allgatherv(samples)).sort();
  const cuts = Array.from(
    { length: size - 1 },
    (_, i) => allSamples[Math.floor(((i + 1) * allSamples.length) / size)]!,
  );

  // What lies between two cuts goes to one rank. Each says how much it sends to whom, and gets what is for it.
  const ends = [...cuts.map((cut) => firstAtLeast(mine, cut)), mine.length];
  const sendCounts = ends.map((end, i) => end - (ends[i - 1] ?? 0));
  const part = await collective.alltoallv(mine, { sendCounts });
  return part.sort();
}

/** How many of the sorted numbers are below a limit. */
function firstAtLeast(sorted: Float64Array, limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
