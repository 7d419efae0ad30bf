/** A short run of `npm run test:chaos`, over what the suite runs on. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runChaos } from '../chaos/run-chaos.js';

const test = suite('chaos');
const isMpi = process.env.SHOAL_TRANSPORT === 'mpi';
const seed = Math.floor(Math.random() * 1e6);

test('whatever ends tasks and processes, every result is right, every error is typed, nothing hangs and nothing is left', async () => {
  const { counts, faults } = await runChaos({
    ms: 8_000,
    seed,
    transport: isMpi ? 'mpi' : 'threads',
    mpiexec: process.env.SHOAL_MPIEXEC,
    window: process.env.SHOAL_WINDOW === 'false' ? false : 8 * 2 ** 20,
    twoNodes: false,
  });
  console.log(`seed ${seed}: ${[...counts].map(([what, number]) => `${number} ${what}`).join(', ')}`);
  assert.equal(faults, [], `seed ${seed}`);
  assert.ok((counts.get('right') ?? 0) > 0 && (counts.get('ERR_SHOAL_TASK_FAILED') ?? 0) > 0);
});

test.run();
