/** A search over hyper-parameters: many trials on small gangs, of which those that lag behind are cancelled. */
import type { Pool, Shared } from 'shoal';
import { CancelledError, taskModule } from 'shoal';
import type { Digits } from '../mnist/data.js';
import type { HyperParameters, Progress } from './trial.js';

const trial = taskModule<typeof import('./trial.js')>(new URL('./trial.ts', import.meta.url));

export interface Outcome {
  readonly parameters: HyperParameters;
  /** After each epoch. */
  readonly losses: number[];
  /** It lagged behind, and did not come to its end. */
  cancelled: boolean;
}

/**
 * Try each set of hyper-parameters on a gang of two workers.
 *
 * A trial whose loss after an epoch is more than half as large again as the best one after that epoch is cancelled. Small
 * batches, which take longest, have a higher priority, so that nobody waits for them alone at the end.
 */
export async function search(
  pool: Pool,
  digits: Shared<Digits>,
  all: readonly HyperParameters[],
  epochs: number,
  onProgress: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const best = new Array<number>(epochs).fill(Math.log(10)); // a model that knows nothing has it
  return Promise.all(
    all.map(async (parameters) => {
      const outcome: Outcome = { parameters, losses: [], cancelled: false };
      const options = { workers: 2, priority: -parameters.batch };
      const handle = pool.submit(trial, { ...options, args: [digits, parameters, epochs] });
      handle.on('message', ({ value }) => {
        const { epoch, loss } = value as Progress;
        outcome.losses.push(loss);
        if (loss < best[epoch - 1]!) best[epoch - 1] = loss;
        onProgress(outcome);
        if (!(loss <= 1.5 * best[epoch - 1]!)) handle.cancel('lags behind'); // also a loss that is not a number
      });
      try {
        await handle.result();
      } catch (error) {
        if (!(error instanceof CancelledError)) throw error;
        outcome.cancelled = true;
      }
      return outcome;
    }),
  );
}
