import { decode } from 'fast-png';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import search, { normalise } from '../../examples/vector-search/search.js';
import { runExample } from '../support/example.js';

const test = suite('examples/vector-search');
const dims = 5;
const drawn = (count: number): number[] => Array.from({ length: count * dims }, () => Math.random() - 0.5);

test('the matches are the first of all, sorted by their cosines', () => {
  for (const count of [0, 1, 3, 200]) {
    const vectors = normalise(drawn(count), dims);
    const query = normalise(drawn(1), dims).values;
    const all = Array.from({ length: count }, (_, index) => {
      const vector = vectors.values.subarray(index * dims, (index + 1) * dims);
      return { index, similarity: vector.reduce((sum, value, i) => sum + value * query[i]!, 0) };
    });
    all.sort((a, b) => b.similarity - a.similarity || a.index - b.index);
    for (const k of [1, 3, 10]) assert.equal(search({ vectors, query, k }), all.slice(0, k));
  }
});

test('vectors get length 1; those of length 0 stay', () => {
  const { values } = normalise([3, 0, 4, 0, 0, 0, 0, 0, 0, 0], dims);
  assert.equal([...values], [0.6, 0, 0.8, 0, 0, 0, 0, 0, 0, 0].map(Math.fround));
});

test('its command prints what the README says, and draws its figure', () => {
  const { written, shown } = runExample('vector-search', 'vector-search.png');
  assert.equal(decode(written).data, decode(shown).data);
});

test.run();
