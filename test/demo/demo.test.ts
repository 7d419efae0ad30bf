import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mustRun, root } from '../support/spawn.js';

const test = suite('demo');

interface Report {
  readonly transport: string;
  readonly workers: number;
  readonly samples: number;
  readonly epochs: number;
  readonly testAccuracy: number;
  readonly maxWeightDifferenceToOneWorker: number;
  readonly weightsSha256: string;
  readonly seconds: number;
  readonly secondsInCollectives: number;
}

const demo = (workers: number, ...more: string[]): Report => {
  const flags = ['--json', '--workers', String(workers), ...more];
  return JSON.parse(mustRun(process.execPath, ['scripts/demo.mjs', ...flags], root)) as Report;
};

test('trains, agrees with one worker, and gives the same model every time', () => {
  const [first, second] = [demo(2), demo(2)];
  const { seconds, secondsInCollectives, testAccuracy, maxWeightDifferenceToOneWorker, ...rest } = first;
  assert.equal(rest, {
    transport: 'threads',
    workers: 2,
    samples: 60_000,
    epochs: 5,
    weightsSha256: second.weightsSha256,
  });
  assert.ok(testAccuracy >= 0.91, `accuracy ${testAccuracy}`);
  assert.ok(maxWeightDifferenceToOneWorker <= 1e-5, `difference ${maxWeightDifferenceToOneWorker}`);
  assert.ok(seconds > 0 && secondsInCollectives > 0);
});

test('trains with three workers on the same data', () => {
  const { testAccuracy, maxWeightDifferenceToOneWorker } = demo(3);
  assert.ok(testAccuracy >= 0.91);
  assert.ok(maxWeightDifferenceToOneWorker <= 1e-5);
});

test.run();
