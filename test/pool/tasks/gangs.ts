/** Functions and classes of the tests of gangs. */
import { collective, context } from 'shoal/worker';

let count = 0;

/** How often this thread has called it. */
export function counted(): number {
  return ++count;
}

/** The sum over the ranks, of `start` and the rank. */
export default async function sum(start: number): Promise<number> {
  return collective.allreduce(start + context.rank);
}

export function who(): { rank: number; size: number; worldRank: number; taskId: string } {
  const { rank, size, worldRank, taskId } = context;
  return { rank, size, worldRank, taskId };
}

const order: string[] = [];

/** Notes that it runs, and after a while what has run. */
export async function ordered(name: string, ms: number): Promise<readonly string[]> {
  order.push(`begin ${name}`);
  await new Promise((resolve) => setTimeout(resolve, ms));
  order.push(`end ${name}`);
  return order;
}

/** Waits until it is aborted, or for ever. */
export async function hang(listens: boolean): Promise<void> {
  for (;;) {
    await new Promise<void>((resolve) => {
      if (listens)
        context.signal.addEventListener('abort', () => {
          resolve();
        });
    });
    if (listens) return;
  }
}

/** One rank ends in this way, the others return. */
export async function fails(how: string, victim: number): Promise<string> {
  if (context.rank === victim) await end(how);
  if (how !== 'later' && how !== 'right') await collective.barrier();
  return 'right';
}

/** Resolves when the rank is to go on. */
function end(how: string): Promise<void> | undefined {
  switch (how) {
    case 'throw':
      throw new RangeError('on purpose');
    case 'exit':
      process.exit(3);
      break;
    case 'rejected':
      void Promise.reject(new Error('nobody handles this'));
      return new Promise(() => undefined);
    case 'spin':
      for (;;) if (context.rank < 0) break;
      break;
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      for (;;) if (context.rank < 0) break;
      return;
    case 'later':
      setTimeout(() => {
        throw new Error('after its task');
      }, 30);
  }
  return undefined;
}

export class Model {
  static made = 0;
  readonly weights: Float64Array;
  readonly #rank = context.rank;
  steps = 0;
  readonly notAMethod: number = 1;

  constructor(length: number, fill = 0) {
    if (length < 0) throw new RangeError(`length ${length}`);
    if (fill === context.rank + 1000) throw new RangeError('one rank');
    Model.made++;
    this.weights = new Float64Array(length).fill(fill);
  }

  /** All ranks have the same weights afterwards. */
  async step(gradient: readonly number[]): Promise<number[]> {
    this.steps++;
    const own = Float64Array.from(gradient, (each) => each * (this.#rank + 1));
    await collective.allreduce(own);
    own.forEach((each, i) => (this.weights[i]! += each));
    return [...this.weights];
  }

  add(by: number, also = 0): number {
    this.steps += by + also;
    return this.steps;
  }

  state(): [made: number, steps: number, rank: number] {
    return [Model.made, this.steps, this.#rank];
  }

  fails(how: string, victim: number): Promise<string> {
    return fails(how, victim);
  }

  self(): this {
    return this;
  }

  get accessor(): () => number {
    return () => 1;
  }
}

const disposed: string[] = [];

/** Says when it is disposed of. */
export class Closing extends Model {
  [Symbol.dispose](): void {
    disposed.push(`closed ${this.steps}`);
  }
}

export function disposals(): readonly string[] {
  return disposed.splice(0);
}

export const notAClass = { Model };
export const arrow = (): number => 1;
