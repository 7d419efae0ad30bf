/**
 * OpenTelemetry as the program of this thread has set it up.
 *
 * Nothing is loaded for it. Every copy of version 1 of `@opentelemetry/api` keeps what is registered in one place of the
 * global object, and looks it up there: so does this. All of it is code of the user, and what it throws is told once and
 * becomes nobody's failure.
 *
 * @see The API's own `internal/global-utils` and `trace/context-utils`, whose keys are the same for all copies.
 */
import type { Context, ContextManager, Span, SpanOptions, TextMapPropagator, TracerProvider } from '@opentelemetry/api';
import { ShoalError } from '../errors.js';
import { isError, show } from '../show.js';
import type { Carrier } from '../protocol/carrier.js';
import { boundedCarrier } from '../protocol/carrier.js';
import { packageVersion } from '../version.js';
import { statusError } from './api-values.js';
import { rootContext } from './root-context.js';

/** What is registered; each part may be missing. */
interface Registered {
  readonly trace?: TracerProvider;
  readonly context?: ContextManager;
  readonly propagation?: TextMapPropagator;
}

const place = Symbol.for('opentelemetry.js.api.1');
const spanKey = Symbol.for('OpenTelemetry Context Key SPAN');
/** Of the text of an error. */
const longestText = 8_000;

const setter = {
  set: (headers: Record<string, unknown>, name: string, value: unknown): void => {
    headers[name] = value;
  },
};
const getter = {
  get: (headers: Carrier, name: string): string | undefined =>
    Object.hasOwn(headers, name) ? headers[name] : undefined,
  keys: (headers: Carrier): string[] => Object.keys(headers),
};

/** The active context of the program; undefined: it has no OpenTelemetry. */
export function activeContext(): Context | undefined {
  const registered = findRegistered();
  if (!registered) return undefined;
  try {
    return registered.context?.active() ?? rootContext;
  } catch {
    return rootContext;
  }
}

/** One for each that makes spans. */
export class Telemetry {
  readonly #warn: (message: string) => void;
  #isTold = false;
  #version: string | undefined;

  /** @param warn - Hears of the first failure. */
  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** Undefined: the program has no provider, or it failed. */
  start(name: string, options: SpanOptions, parent: Context): Span | undefined {
    return this.try(() => {
      const { trace } = findRegistered() ?? {};
      return trace?.getTracer('shoal', (this.#version ??= packageVersion())).startSpan(name, options, parent);
    });
  }

  /** A context whose active span is this one. */
  within(parent: Context, span: Span | undefined): Context {
    return (span && this.try(() => parent.setValue(spanKey, span))) ?? parent;
  }

  /** What the program's propagator sends of a context; undefined: nothing. */
  inject(context: Context): Carrier | undefined {
    return this.try(() => {
      const headers: Record<string, unknown> = {};
      findRegistered()?.propagation?.inject(context, headers, setter);
      return boundedCarrier(headers);
    });
  }

  /** What the program's propagator makes of headers. */
  extract(carrier: Carrier, context: Context): Context {
    return this.try(() => findRegistered()?.propagation?.extract(context, carrier, getter)) ?? context;
  }

  /** Call once, in a context, whatever the program's context manager does. @throws What `call` throws. */
  run<R>(context: Context, call: () => R): R {
    let ended: { readonly value: R } | { readonly error: unknown } | undefined;
    const once = (): void => {
      ended ??= settle(call);
    };
    this.try(() => findRegistered()?.context?.with(context, once));
    ended ??= settle(call);
    if ('error' in ended) throw ended.error;
    return ended.value;
  }

  /** Of what has ended well. */
  end(span: Span): void {
    this.try(() => {
      span.end();
    });
  }

  /** Of what has failed. */
  fail(span: Span, error: unknown): void {
    this.try(() => {
      const exception = exceptionOf(error);
      const { name, message } = exception;
      span.setAttribute('error.type', error instanceof ShoalError ? error.code : name);
      span.recordException(exception);
      span.setStatus({ code: statusError, message });
    });
    this.end(span);
  }

  /** Do something with what belongs to the program; undefined: it has failed. */
  try<T>(step: () => T): T | undefined {
    try {
      return step();
    } catch (error) {
      if (!this.#isTold) {
        this.#isTold = true;
        this.#warn(`OpenTelemetry failed, and spans may be missing; tasks go on: ${exceptionOf(error).message}`);
      }
      return undefined;
    }
  }
}

function findRegistered(): Registered | undefined {
  return (globalThis as { [place]?: Registered })[place];
}

function settle<R>(call: () => R): { readonly value: R } | { readonly error: unknown } {
  try {
    return { value: call() };
  } catch (error) {
    return { error };
  }
}

/** Text of bounded length: what was thrown may be anything, with getters that throw. */
function exceptionOf(thrown: unknown): { name: string; message: string; stack?: string } {
  try {
    if (!isError(thrown)) return { name: typeof thrown, message: cut(show(thrown)) };
    const { name, message, stack } = thrown as { name: unknown; message: unknown; stack: unknown };
    return { name: cut(name), message: cut(message), stack: cut(stack) };
  } catch {
    return { name: 'Error', message: 'an error that cannot be shown' };
  }
}

function cut(text: unknown): string {
  return typeof text === 'string' ? text.slice(0, longestText) : '';
}
