/** Task functions of the tests of priorities. */
import { collective, context } from 'shoal/worker';

const begun: string[] = [];

/** Notes that it has begun; rank 0 alone, of a gang. */
export default async function note(name: string): Promise<void> {
  await collective.barrier();
  if (context.rank === 0) begun.push(name);
}

/** What this worker has noted since it was asked last. */
export function noted(): string[] {
  return begun.splice(0);
}

/** Holds its workers until it is cancelled. */
export function hold(): Promise<never> {
  return new Promise((_, reject) => {
    context.signal.addEventListener('abort', () => reject(context.signal.reason as Error));
  });
}
