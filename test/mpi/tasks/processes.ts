/** Task functions that do to their process what happens to processes. */
import { execFileSync } from 'node:child_process';
import { pbkdf2 } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { collective, context } from 'shoal/worker';

export default async function sum(): Promise<number> {
  const [total] = await collective.allreduce(Int32Array.of(context.rank + 1));
  return total!;
}

export function pid(): number {
  return process.pid;
}

/** A signal to its own process, of which this thread may see some moments more: MPI's handlers print first. */
async function end(signal: NodeJS.Signals): Promise<void> {
  process.kill(process.pid, signal);
  await sleep(60_000);
}

/** Rank `rank` ends its own process by a signal; the others wait for it in a collective. */
export async function die(rank: number, signal: NodeJS.Signals): Promise<void> {
  await collective.barrier();
  if (context.rank === rank) await end(signal);
  await collective.barrier();
}

export async function dieOnce(): Promise<number> {
  await collective.barrier();
  if (context.attempt === 1 && context.rank === 0) await end('SIGKILL');
  await collective.barrier();
  return context.attempt;
}

export async function sleep(ms: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return 'slept';
}

export async function exitLater(ms: number): Promise<void> {
  await sleep(ms);
  process.exit(1);
}

/** One rank leaves the last call out. */
export async function skip(rank: number): Promise<void> {
  await collective.barrier();
  if (context.rank !== rank) await collective.allreduce(Int32Array.of(1));
  else await sleep(300);
}

export async function wait(): Promise<void> {
  await collective.barrier();
  if (context.rank !== 0) await collective.barrier();
  else await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
}

/** Reads past the end of a memory. */
export function trap(): string {
  const module = new WebAssembly.Module(
    Buffer.from(
      '0061736d010000000105016000017f030201000503010001070501016600000a0d010b0041808080800728020' + '00b',
      'hex',
    ),
  );
  try {
    return String((new WebAssembly.Instance(module).exports.f as () => number)());
  } catch (error) {
    return (error as Error).name;
  }
}

/** Sits in native code, where no thread can be ended. */
export function stubborn(): void {
  const limit = 600_000;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, limit);
}

/** Whether the library that yields cores is in this process, and what its children would get of it. */
export function yields(): [boolean, string | undefined] {
  return [readFileSync('/proc/self/maps', 'latin1').includes('ucx-yield.so'), process.env.LD_PRELOAD];
}

/** Keeps its thread busy: neither its messages nor its timers get a turn. */
export function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Keeps every thread of libuv's pool busy, with a queue behind them. */
export async function hammer(ms: number): Promise<void> {
  const end = performance.now() + ms;
  const one = async (): Promise<void> => {
    while (performance.now() < end) {
      await new Promise((resolve) => pbkdf2('secret', 'salt', 50_000, 32, 'sha256', resolve));
    }
  };
  await Promise.all(Array.from({ length: 32 }, one));
}

const ofLauncher = /^(OMPI|PMIX|PMI|HYDI|HYDRA|SHOAL_HEAD|SHOAL_TOKEN|LD_PRELOAD|UCX_POSIX_DIR)/;

/** What this thread has of the launcher's variables, and of those for MPI_Init alone; then a child process of it. */
export function launcherVariables(): string[][] {
  const print = 'console.log(Object.keys(process.env).join())';
  const child = execFileSync(process.execPath, ['-e', print], { encoding: 'utf8' });
  return [Object.keys(process.env), child.trim().split(',')].map((names) =>
    names.filter((name) => ofLauncher.test(name)),
  );
}

/** A variable, as this thread has it. */
export function variable(name: string): string | undefined {
  return process.env[name];
}

/** The next task has another thread. */
export function endThread(): void {
  process.exit(0);
}

/** Prints, and is then ended by a signal. */
export function lastWords(text: string): void {
  console.log(text);
  process.kill(process.pid, 'SIGKILL');
}

export function print(text: string): void {
  console.log(text);
  console.error(`error: ${text}`);
}

/** Where this rank is. */
export function place(): [node: string, localRank: number, worldRank: number] {
  return [context.node, context.localRank, context.worldRank];
}

/** What a rank finds of shared data, and whose store it has mapped: the node manager's process. */
export async function found(data: { x: Float64Array; name: string }): Promise<[string, string, number, boolean]> {
  const sum = await collective.allreduce(Float64Array.of(data.x.reduce((a, b) => a + b, 0)));
  const isMapped = readFileSync('/proc/self/maps', 'latin1').includes('shoal-store');
  return [context.node, data.name, sum[0]!, isMapped];
}
