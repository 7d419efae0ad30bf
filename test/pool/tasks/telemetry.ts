import { trace } from '@opentelemetry/api';
import { collective, context } from 'shoal/worker';
import type { PlainSpan } from '../../support/plain-span.js';
import * as tracing from './tracing.js';

/** A span of the task's own around a collective. */
export default function step(): Promise<number> {
  return trace.getTracer('tasks').startActiveSpan('load', async (span) => {
    const sum = await collective.allreduce(new Float64Array([context.rank]));
    span.end();
    return sum[0]!;
  });
}

/** The trace and an entry of the baggage that a task sees, before and after it has waited. */
export async function seen(name: string): Promise<unknown[]> {
  const before = [tracing.activeTrace(), tracing.baggage(name)];
  await collective.barrier();
  return [before, [tracing.activeTrace(), tracing.baggage(name)]];
}

export function fail(): never {
  throw new RangeError('no such shard');
}

/** Its worker dies unless it runs again. */
export function dieOnce(): number {
  if (context.attempt === 1) process.kill(process.pid, 'SIGKILL');
  return context.attempt;
}

export function exit(): never {
  process.exit(3);
}

let calls = 0;
export function countCall(): number {
  return ++calls;
}

export function spans(): PlainSpan[] {
  return tracing.takeSpans();
}

export function break_(how: string): void {
  tracing.breakTelemetry(how);
}

export function mend(): void {
  tracing.mendTelemetry();
}

export class Counter {
  #value = 0;
  add(amount: number): number {
    return (this.#value += amount);
  }
}
