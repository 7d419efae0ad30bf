/** Trains on the MNIST digits with several workers, then with one, and compares the models. */
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import Table from 'cli-table3';
import pc from 'picocolors';
import type { LaunchOptions, Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import { parameters } from './softmax.js';
import type { Epoch } from './train.js';

const train = taskModule<typeof import('./train.js')>(new URL('./train.ts', import.meta.url));
const epochs = 5;
const learningRates = [0.5, 0.5, 0.25, 0.25, 0.1];

/** Everything but the JSON object goes to standard error. */
function say(line = ''): void {
  process.stderr.write(`${line}\n`);
}

/** A wrong option is one line, not a stack. */
function stop(error: unknown): never {
  say(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(2);
}

function readOptions(): { json: boolean; workers: string; transport?: string; mpiexec?: string } {
  try {
    const flags = {
      json: { type: 'boolean', default: false },
      workers: { type: 'string', default: '2' },
      transport: { type: 'string' },
      mpiexec: { type: 'string' },
    } as const;
    return parseArgs({ options: flags }).values;
  } catch (error) {
    return stop(error);
  }
}

const options = readOptions();
const workers = Number(options.workers);

async function trainWith(pool: Pool, size: number): Promise<{ epochs: Epoch[]; seconds: number }> {
  const begun = performance.now();
  const done: Epoch[] = [];
  let weights = new Float32Array(parameters);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const [first] = await pool.run(train, { workers: size, args: [weights, learningRates[epoch]!] });
    done.push(first!);
    weights = first!.weights as Float32Array<ArrayBuffer>;
    showEpoch(epoch + 1, first!);
  }
  return { epochs: done, seconds: (performance.now() - begun) / 1000 };
}

function showEpoch(epoch: number, { loss, testAccuracy, trainMs, collectiveMs }: Epoch): void {
  const barsize = 20;
  const bar = cliProgress.Format.BarFormat(epoch / epochs, {
    barsize,
    barCompleteString: '█'.repeat(barsize),
    barIncompleteString: '░'.repeat(barsize),
    barGlue: '',
  });
  const share = `${((100 * collectiveMs) / trainMs).toFixed(1)} %`;
  say(
    `  epoch ${epoch}/${epochs} ${pc.cyan(bar)}  loss ${loss.toFixed(4)}  test accuracy ${testAccuracy.toFixed(4)}  ` +
      pc.dim(`in collectives ${share}`),
  );
}

const begun = performance.now();
const { transport, mpiexec } = options as Pick<LaunchOptions, 'transport' | 'mpiexec'>;
const pool = await launch({ workers, ...(transport && { transport }), ...(mpiexec && { mpiexec }) }).catch(stop);
say(pc.bold(`Softmax regression on 60,000 MNIST digits, ${workers} workers on ${pool.status().transport}`));
const parallel = await trainWith(pool, workers);
say(pc.bold('The same with one worker'));
const single = await trainWith(pool, 1);
await pool.close();

const last = parallel.epochs.at(-1)!;
const reference = single.epochs.at(-1)!;
const difference = last.weights.reduce((most, w, i) => Math.max(most, Math.abs(w - reference.weights[i]!)), 0);
const weightsSha256 = createHash('sha256').update(last.weights).digest('hex');

const table = new Table({ head: ['', `${workers} workers`, '1 worker'], style: { head: [], border: [] } });
table.push(
  ['test accuracy', last.testAccuracy.toFixed(4), reference.testAccuracy.toFixed(4)],
  ['seconds', parallel.seconds.toFixed(1), single.seconds.toFixed(1)],
);
say();
say(table.toString());
say(`largest weight difference to one worker's model: ${pc.bold(difference.toExponential(2))}`);
if (options.json) {
  const report = {
    transport: pool.status().transport,
    workers,
    samples: 60_000,
    epochs,
    testAccuracy: last.testAccuracy,
    maxWeightDifferenceToOneWorker: difference,
    weightsSha256,
    seconds: (performance.now() - begun) / 1000,
    secondsInCollectives: parallel.epochs.reduce((sum, epoch) => sum + epoch.collectiveMs, 0) / 1000,
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
} else {
  say(`sha256 of the weights: ${weightsSha256}`);
}
