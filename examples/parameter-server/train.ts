/** Two ways to train with a parameter server: in step, or each worker at its own pace. */
import type { Actor, Gang, Pool } from 'shoal';
import { taskModule } from 'shoal';
import type { Digits } from '../mnist/data.js';
import type { DataWorker, ParameterServer } from './actors.js';

const actors = taskModule<typeof import('./actors.js')>(new URL('./actors.ts', import.meta.url));
const settings = { learningRate: 0.2, batch: 100 };

/** Gradients so far, and the share of the test digits that the weights recognised then. */
export interface Point {
  readonly gradients: number;
  readonly accuracy: number;
}

/** A gang of one worker for each actor, so that each is called by itself. */
export interface Cast {
  readonly server: Actor<ParameterServer>;
  readonly workers: readonly Actor<DataWorker>[];
  /** Has the digits of the test. */
  readonly judge: Actor<DataWorker>;
  close(): Promise<void>;
}

export async function cast(pool: Pool, shares: readonly Digits[], test: Digits): Promise<Cast> {
  const gangs: Gang[] = [];
  const newGang = async (): Promise<Gang> => {
    const gang = await pool.gang({ workers: 1 });
    gangs.push(gang);
    return gang;
  };
  const worker = async (digits: Digits): Promise<Actor<DataWorker>> => {
    return (await newGang()).actor(actors, { export: 'DataWorker', args: [digits, settings.batch] });
  };
  const server = (await newGang()).actor(actors, { export: 'ParameterServer', args: [settings.learningRate] });
  return {
    server: await server,
    workers: await Promise.all(shares.map(worker)),
    judge: await worker(test),
    close: async () => {
      await Promise.all(gangs.map((gang) => gang.close()));
    },
  };
}

/** In each step every worker computes a gradient for the same weights, and the server applies their mean. */
export async function trainInStep(
  { server, workers, judge }: Cast,
  steps: number,
  onPoint: (point: Point) => void,
): Promise<Float32Array> {
  let [weights] = await server.call('apply', [[]]);
  for (let step = 1; step <= steps; step++) {
    const current = weights!;
    const gradients = await Promise.all(workers.map((worker) => worker.call('gradient', [current])));
    [weights] = await server.call('apply', [gradients.flat()]);
    if (step % 10 !== 0) continue;
    const [accuracy] = await judge.call('accuracy', [weights!]);
    onPoint({ gradients: step * workers.length, accuracy: accuracy! });
  }
  return weights!;
}

/** Each worker's gradient is applied when it comes. Nobody waits for a slow one; gradients may be of older weights. */
export async function trainFreely(
  { server, workers, judge }: Cast,
  steps: number,
  onPoint: (point: Point) => void,
): Promise<Float32Array> {
  let done = 0;
  const work = async (worker: Actor<DataWorker>): Promise<void> => {
    let [weights] = await server.call('apply', [[]]);
    for (let step = 0; step < steps; step++) {
      [weights] = await server.call('apply', [await worker.call('gradient', [weights!])]);
      done++;
      if (done % 30 !== 0) continue;
      const gradients = done;
      const [accuracy] = await judge.call('accuracy', [weights!]);
      onPoint({ gradients, accuracy: accuracy! });
    }
  };
  await Promise.all(workers.map(work));
  return (await server.call('apply', [[]]))[0]!;
}
