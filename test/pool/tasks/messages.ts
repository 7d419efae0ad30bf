/** Task functions that post values to their driver. */
import { existsSync, writeFileSync } from 'node:fs';
import { collective, context } from 'shoal/worker';

/** Values of many kinds, in order, some while collectives are under way. */
export async function posts(count: number): Promise<number> {
  for (let i = 0; i < count; i++) {
    context.post({ i, rank: context.rank, array: Float32Array.of(i, -0), map: new Map([['\ud800', i]]) });
    if (i % 10 === 0) await collective.barrier();
  }
  return count;
}

/** Goes on only when the driver has answered, by a file, what was posted from blocking code. */
export async function waits(file: string): Promise<string> {
  collective.barrierSync();
  context.post(context.rank);
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
  return 'answered';
}

/** Posts without a pause, then says so by a file; returns how many values were taken. */
export function floods(count: number, elements: number, file: string): number {
  let sent = 0;
  for (let i = 0; i < count; i++) if (context.post(new Uint8Array(elements).fill(i))) sent++;
  writeFileSync(file, '');
  return sent;
}

/** What each of these is, as the error that it throws; `'sent'`: none. */
export function bad(): Record<string, unknown> {
  const values: Record<string, unknown> = {
    function: { list: [1, () => 1] },
    url: new URL('file:///x'),
    large: new Uint8Array(200_000),
    nothing: undefined,
  };
  return Object.fromEntries(
    Object.entries(values).map(([name, value]): [string, unknown] => {
      try {
        return [name, context.post(value) ? 'sent' : 'dropped'];
      } catch (error) {
        const { code, path } = error as { code: string; path?: string };
        return [name, [code, path]];
      }
    }),
  );
}

let late: Promise<unknown> | undefined;

/** Keeps its `post` for a time after its end. */
export function leaves(): void {
  const { post } = context;
  late = new Promise((resolve) => {
    setTimeout(() => {
      try {
        resolve(post('late'));
      } catch (error) {
        resolve((error as { code: string }).code);
      }
    }, 20);
  });
}

export async function left(): Promise<unknown> {
  return late;
}
