/** The task: k-means. Every rank looks at its share of the points; one call a round adds up what all have found. */
import { collective, context } from 'shoal/worker';

/** What every rank returns. */
export interface Clusters {
  /** k points, one behind the other. */
  readonly centroids: Float64Array;
  /** The number of the nearest centroid, of each point. */
  readonly clusterOf: Uint8Array;
  readonly rounds: number;
}

/**
 * Lloyd's algorithm, until no point changes its cluster. Points and their sums are integers, which floats add up without
 * rounding. So the result is the same on any number of ranks, to the bit.
 *
 * @param points - One behind the other, each of `dims` elements; shared by all ranks.
 * @param k - Clusters; the first k points are where they begin.
 */
export default async function kMeans(
  points: Uint8Array,
  dims: number,
  k: number,
  maxRounds: number,
): Promise<Clusters> {
  const { rank, size } = context;
  const count = points.length / dims;
  const [from, to] = [Math.floor((rank * count) / size), Math.floor(((rank + 1) * count) / size)];
  const centroids = Float64Array.from(points.subarray(0, k * dims));
  const mine = new Uint8Array(to - from).fill(k); // no cluster yet
  const sums = new Float64Array(k * dims);
  const counts = new Uint32Array(k);
  const moved = new Uint32Array(1);
  let rounds = 0;
  do {
    for (const array of [sums, counts, moved]) array.fill(0);
    for (let point = from; point < to; point++) {
      const values = points.subarray(point * dims, (point + 1) * dims);
      const cluster = nearest(centroids, values, k);
      if (mine[point - from] !== cluster) moved[0]!++;
      mine[point - from] = cluster;
      counts[cluster]!++;
      for (let i = 0; i < dims; i++) sums[cluster * dims + i]! += values[i]!;
    }
    await collective.allreduce([sums, counts, moved]); // a list is one call
    centroids.forEach((old, i) => {
      const members = counts[Math.floor(i / dims)]!;
      centroids[i] = members === 0 ? old : sums[i]! / members;
    });
    rounds++;
  } while (moved[0]! > 0 && rounds < maxRounds);
  return { centroids, clusterOf: await collective.allgatherv(mine), rounds };
}

function nearest(centroids: Float64Array, point: Uint8Array, k: number): number {
  let [best, least] = [0, Infinity];
  for (let cluster = 0; cluster < k; cluster++) {
    let distance = 0;
    for (let i = 0, at = cluster * point.length; i < point.length; i++, at++) {
      distance += (point[i]! - centroids[at]!) ** 2;
    }
    if (distance < least) [best, least] = [cluster, distance];
  }
  return best;
}
