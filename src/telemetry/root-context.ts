/** The context of a program that has registered no context manager: no value at all. */
import type { Context } from '@opentelemetry/api';

class Values implements Context {
  readonly #values: ReadonlyMap<symbol, unknown>;

  constructor(values: Iterable<readonly [symbol, unknown]>) {
    this.#values = new Map(values);
  }

  getValue(key: symbol): unknown {
    return this.#values.get(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new Values([...this.#values, [key, value]]);
  }

  deleteValue(key: symbol): Context {
    return new Values([...this.#values].filter(([each]) => each !== key));
  }
}

/** Nobody changes it: each change makes another. */
export const rootContext: Context = new Values([]);
