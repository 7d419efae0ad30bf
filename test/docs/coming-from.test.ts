import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as ray from 'shoal/ray';
import { collective } from 'shoal/worker';
import { root } from '../support/spawn.js';

const test = suite('docs/coming-from.md');
const page = readFileSync(join(root, 'docs/coming-from.md'), 'utf8');
test('each method and function that the tables name exists', () => {
  const methods = [...page.matchAll(/collective\.([a-zA-Z]+)/g)].map((match) => match[1]!);
  assert.ok(methods.length > 40, `${methods.length} names`);
  assert.equal(
    methods.filter((name) => !(name in collective)),
    [],
  );
  const ofRay = Object.keys(ray).filter((name) => name !== 'ReduceOp');
  assert.equal(
    ofRay.filter((name) => !page.includes(name)),
    [],
  );
});

test.run();
