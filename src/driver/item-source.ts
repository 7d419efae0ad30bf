/** Items of an iterable or of an async one, pulled one at a time as `for await` pulls them. */
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';

/**
 * What items come from. Promises that an iterable gives are awaited.
 *
 * @example
 * async function* lines(): AsyncGenerator<string> {
 *   yield 'train.bin';
 *   yield 'test.bin';
 * }
 * const items: Items<string> = lines();
 * for await (const size of pool.map(tasks, items)) total += size;
 */
export type Items<T> = Iterable<T | PromiseLike<T>> | AsyncIterable<T>;

/** Opened with the first pull. */
export class ItemSource<T> {
  readonly #items: Items<T>;
  #iterator: Iterator<T | PromiseLike<T>> | AsyncIterator<T> | undefined;
  #isPulling = false;
  #closed: Promise<void> | undefined;

  /** @throws {@link InvalidArgumentError} for what cannot be iterated. */
  constructor(what: string, items: Items<T>) {
    const given = items as Partial<Iterable<T> & AsyncIterable<T>> | undefined | null;
    if (typeof given?.[Symbol.asyncIterator] !== 'function' && typeof given?.[Symbol.iterator] !== 'function') {
      throw new InvalidArgumentError(`${what}: expected items to be iterable, received ${show(items)}`);
    }
    this.#items = items;
  }

  /** How many items there are, where the iterable says so; undefined: it does not. */
  get count(): number | undefined {
    const items: unknown = this.#items;
    if (Array.isArray(items)) return items.length;
    if (ArrayBuffer.isView(items) && !(items instanceof DataView)) return (items as Uint8Array).length;
    return items instanceof Set || items instanceof Map ? items.size : undefined;
  }

  /** The next item; undefined: there is none. Rejects with what the iterator throws. */
  async next(): Promise<{ readonly item: T } | undefined> {
    this.#isPulling = true;
    try {
      const step: unknown = await this.#step();
      if (typeof step !== 'object' || step === null) {
        throw new InvalidArgumentError(`map: expected the iterator of items to give objects, received ${show(step)}`);
      }
      const { done, value } = step as IteratorResult<T | PromiseLike<T>, undefined>;
      if (!done) return { item: await value };
      this.#closed ??= Promise.resolve();
      return undefined;
    } finally {
      this.#isPulling = false;
    }
  }

  /**
   * Nothing more is wanted. Waits for the iterator's `return`; but not while an item is still on its way, since it may
   * never come.
   */
  close(): Promise<void> {
    this.#closed ??= this.#return();
    return this.#closed;
  }

  async #step(): Promise<unknown> {
    try {
      this.#iterator ??= open(this.#items);
      return await this.#iterator.next();
    } catch (error) {
      // It has ended by itself.
      this.#closed ??= Promise.resolve();
      throw error;
    }
  }

  async #return(): Promise<void> {
    const isPulling = this.#isPulling;
    const ended = (async (): Promise<void> => {
      await this.#iterator?.return?.();
    })();
    if (!isPulling) await ended;
    // Whoever wanted the items has gone: nobody is left to tell.
    else ended.catch(() => undefined);
  }
}

function open<T>(items: Items<T>): Iterator<T | PromiseLike<T>> | AsyncIterator<T> {
  // A text is iterable too, and no object.
  const given = items as Partial<Iterable<T> & AsyncIterable<T>>;
  const iterator =
    typeof given[Symbol.asyncIterator] === 'function'
      ? given[Symbol.asyncIterator]?.()
      : (items as Iterable<T | PromiseLike<T>>)[Symbol.iterator]();
  if (typeof iterator?.next === 'function') return iterator;
  throw new InvalidArgumentError(`map: expected items to give an iterator with next(), received ${show(iterator)}`);
}
