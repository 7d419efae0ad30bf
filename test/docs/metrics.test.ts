import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { launch } from 'shoal';
import { root } from '../support/spawn.js';

const test = suite('docs/reference/metrics.md');
const page = readFileSync(join(root, 'docs/reference/metrics.md'), 'utf8');

test('the page has the figures that a pool gives, with their kinds', async () => {
  const pool = await launch({ workers: 1 });
  const text = await pool.metrics();
  await pool.close();
  const given = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map((match) => `${match[1]!} ${match[2]!}`).sort();
  const written = [...page.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map((match) => `${match[1]!} ${match[2]!}`).sort();
  assert.ok(given.length > 5);
  assert.equal(written, given);
});

test.run();
