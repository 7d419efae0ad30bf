import { decode } from 'fast-png';
import { launch, taskModule } from 'shoal';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readDigits } from '../../examples/mnist/data.js';
import { runExample } from '../support/example.js';

const test = suite('examples/k-means');
const kMeans = taskModule<typeof import('../../examples/k-means/k-means.js')>(
  new URL('../../../../examples/k-means/k-means.ts', import.meta.url),
);
const dims = 784;

/** The same in one process, over lists of points. */
function oracle(points: readonly number[][], k: number): { centroids: number[][]; clusterOf: number[] } {
  let centroids = points.slice(0, k);
  for (let before = ''; ;) {
    const clusterOf = points.map((point) => {
      const distances = centroids.map((centroid) =>
        centroid.reduce((sum, value, i) => sum + (point[i]! - value) ** 2, 0),
      );
      return distances.indexOf(Math.min(...distances));
    });
    centroids = centroids.map((old, cluster) => {
      const members = points.filter((_, i) => clusterOf[i] === cluster);
      if (members.length === 0) return old;
      return old.map((_, i) => members.reduce((sum, point) => sum + point[i]!, 0) / members.length);
    });
    if (before === clusterOf.join()) return { centroids, clusterOf };
    before = clusterOf.join();
  }
}

test('any number of ranks gives the clusters of one process, to the bit', async () => {
  const pool = await launch({ workers: 7 });
  const [count, k] = [150, 5];
  const images = readDigits('t10k').images.slice(0, count * dims);
  const expected = oracle(
    Array.from({ length: count }, (_, i) => [...images.subarray(i * dims, (i + 1) * dims)]),
    k,
  );
  for (const workers of [1, 2, 3, 7]) {
    for (const { centroids, clusterOf, rounds } of await pool.run(kMeans, { workers, args: [images, dims, k, 100] })) {
      assert.ok(rounds > 2 && rounds < 100);
      assert.equal([...centroids], expected.centroids.flat());
      assert.equal([...clusterOf], expected.clusterOf);
    }
  }
  await pool.close();
});

test('more ranks than points, and clusters that stay empty', async () => {
  const pool = await launch({ workers: 4 });
  const [first] = await pool.run(kMeans, { workers: 4, args: [Uint8Array.of(5, 5, 9), 1, 3, 10] });
  const { centroids, clusterOf } = first!;
  assert.equal([...centroids], [5, 5, 9]);
  assert.equal([...clusterOf], [0, 0, 2]);
  await pool.close();
});

test('its command prints what the README says, and draws its figure', () => {
  const { written, shown } = runExample('k-means', 'k-means.png');
  assert.equal(decode(written).data, decode(shown).data);
});

test.run();
