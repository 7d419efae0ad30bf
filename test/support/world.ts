/**
 * Runs a task function over the implementation that SHOAL_TEST_TRANSPORT names: one suite for all. SHOAL_TRANSPORT says
 * what the workers of a pool are.
 */
import type { Pool } from 'shoal';
import { launch } from 'shoal';
import { runRanks } from 'shoal/testing';
import { runLoopback } from './loopback.js';
import { endProcesses, runProcesses } from './processes.js';

const transport = process.env.SHOAL_TEST_TRANSPORT;
const transports = ['local', 'loopback', 'pool', 'processes'];
if (!transports.includes(transport ?? ''))
  throw new Error(`set SHOAL_TEST_TRANSPORT to one of ${transports.join(', ')}`);

let largest = 7;
let pool: Promise<Pool> | undefined;

/** Before the first call of `ranks`: a group will have so many. */
export function expectRanks(size: number): void {
  largest = Math.max(largest, size);
}

/** Run an export of a module as `size` ranks; results in rank order. */
export async function ranks(size: number, module: URL, name: string, ...args: unknown[]): Promise<unknown[]> {
  if (transport === 'pool') {
    pool ??= launch({ workers: largest, graceMs: 300 });
    return (await pool).run(module, { workers: size, export: name, args });
  }
  if (transport === 'processes') return runProcesses(size, module.href, name, args);
  const exports = (await import(module.href)) as Record<string, (...args: unknown[]) => unknown>;
  const fn = exports[name];
  if (!fn) throw new Error(`${module.href} has no ${name}`);
  return transport === 'loopback' ? runLoopback(size, fn, args) : runRanks(size, fn, ...args);
}

/** At the end of a file. */
export async function closeWorld(): Promise<void> {
  await (await pool)?.close({ force: true });
  await endProcesses();
}
