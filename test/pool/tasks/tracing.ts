/** OpenTelemetry of a worker: preloaded, so that it is there before any task. */
import { propagation, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import type { PlainSpan } from '../../support/plain-span.js';
import { plainSpans } from '../../support/plain-span.js';

const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();

/** What has ended since it was asked last. */
export function takeSpans(): PlainSpan[] {
  const spans = plainSpans(exporter);
  exporter.reset();
  return spans;
}

/** Parts of the API throw, or give what they should not. */
export function breakTelemetry(how: string): void {
  const fail = (): never => {
    throw new Error(`broken ${how}`);
  };
  const registered = (globalThis as Record<symbol, Record<string, unknown>>)[Symbol.for('opentelemetry.js.api.1')]!;
  const span = new Proxy({}, { get: () => fail });
  const broken: Record<string, unknown> = {
    provider: { trace: { getTracer: fail } },
    tracer: { trace: { getTracer: () => ({ startSpan: fail }) } },
    span: { trace: { getTracer: () => ({ startSpan: () => span }) } },
    propagator: { propagation: { inject: fail, extract: fail } },
    'context manager': { context: { active: fail, with: fail } },
    'context manager that calls twice': {
      context: {
        active: () => 'no context',
        with: (_: unknown, call: () => unknown) => [call(), call()],
      },
    },
    'context manager that calls nothing': { context: { active: () => undefined, with: () => 'nothing' } },
    'global object': { trace: 1, context: 2, propagation: 3 },
  };
  Object.assign(registered, broken[how]);
}

/** As it was before `breakTelemetry`. */
const sound = { ...(globalThis as Record<symbol, object>)[Symbol.for('opentelemetry.js.api.1')] };
export function mendTelemetry(): void {
  Object.assign((globalThis as Record<symbol, object>)[Symbol.for('opentelemetry.js.api.1')]!, sound);
}

/** That of the active context. */
export const activeTrace = (): string | undefined => trace.getActiveSpan()?.spanContext().traceId;
/** An entry of its baggage. */
export const baggage = (name: string): string | undefined => propagation.getActiveBaggage()?.getEntry(name)?.value;
