/**
 * What `pool.map` returns: the results of a task for each item, while no more than `concurrency` items are ahead of the
 * consumer. Streams of Node have a `map` too, but give neither null nor results as they end.
 *
 * Results stand in a line, in the order in which they are given: that of the items, or that in which tasks end. A
 * failure stands there too, and is the last: what would come after it is cancelled at once.
 */
import { onAbort } from '../abort-listeners.js';
import { rejectionForCaller } from '../caller-lines.js';
import { nextTick } from '../clock.js';
import { CancelledError, QueueFullError, ShoalError } from '../errors.js';
import type { ItemSource } from './item-source.js';
import type { MapIterator, MapSettings } from './map-options.js';
import type { TaskHandle } from './task-handle.js';
import type { CallSite } from './task-sender.js';

/** An item whose result has not been given. */
interface Entry<T> {
  readonly index: number;
  readonly item: T | undefined;
  /** Of its task, once the pool has accepted it. */
  handle: TaskHandle | undefined;
  /** Nobody wants its result any more. */
  isDropped: boolean;
  end: { readonly results: readonly unknown[] } | { readonly error: unknown } | undefined;
  /** Resolves when its task has ended. */
  ended: Promise<void>;
}

/** A `next()` that has not been answered. */
interface Caller<R> {
  readonly resolve: (result: IteratorResult<R, void> | Promise<never>) => void;
}

/** How a map runs its tasks. */
export interface MapTasks<T, R> {
  /** Submit the task of an item. */
  start(item: T): TaskHandle;
  /** What is given for an item. */
  resultOf(index: number, item: T, results: readonly unknown[]): R;
}

const over = { done: true, value: undefined } as const;

/** Nothing is pulled before the first `next`. */
export class MappedResults<T, R> implements MapIterator<R> {
  readonly #source: ItemSource<T>;
  readonly #tasks: MapTasks<T, R>;
  readonly #settings: MapSettings;
  readonly #total: number | undefined;
  readonly #site: CallSite;
  readonly #line: Entry<T>[] = [];
  /** Those whose tasks have not ended. */
  readonly #running = new Set<Entry<T>>();
  readonly #callers: Caller<R>[] = [];
  #begun = false;
  #isPulling = false;
  /** No more items are wanted, or there are none. */
  #isExhausted = false;
  #pulled = 0;
  #done = 0;
  #unbind: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** @param site - Where the map was made. */
  constructor(source: ItemSource<T>, tasks: MapTasks<T, R>, settings: MapSettings, site: CallSite) {
    this.#site = site;
    this.#source = source;
    this.#tasks = tasks;
    this.#settings = settings;
    this.#total = source.count;
  }

  /** The next result. Several calls at once are answered in their order. */
  next(): Promise<IteratorResult<R, void>> {
    const end = (): typeof over => over;
    if (this.#closing) return this.#closing.then(end, end);
    return new Promise((resolve) => {
      this.#callers.push({ resolve });
      this.#begin();
      this.#step();
    });
  }

  /** End the map: `break` calls it. Resolves when the tasks that it cancels have ended and the source is closed. */
  async return(value?: void | PromiseLike<void>): Promise<IteratorReturnResult<void>> {
    await this.#close();
    return { done: true, value: await value };
  }

  /** As `return`, and rejects with `error`. */
  async throw(error: unknown): Promise<never> {
    await this.#close().catch(() => undefined); // one error is enough
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  #begin(): void {
    const { signal } = this.#settings;
    if (this.#begun) return;
    this.#begun = true;
    if (!signal) return;
    const abort = (): void => {
      this.#abort(signal.reason);
    };
    if (signal.aborted) abort();
    else this.#unbind = onAbort(signal, abort);
  }

  /** Answer whom there is something for, and pull what there is room for. */
  #step(): void {
    if (this.#closing) return;
    for (let first = this.#line[0]; first?.end && this.#callers.length > 0; first = this.#line[0]) {
      this.#line.shift();
      const { index, item, end } = first;
      const caller = this.#callers.shift();
      if ('error' in end) {
        const { error } = end;
        const fail = (): void => caller?.resolve(rejectionForCaller(error, { site: this.#site }));
        this.#close().then(fail, fail);
        return;
      }
      caller?.resolve({ done: false, value: this.#tasks.resultOf(index, item as T, end.results) });
    }
    const isIdle = this.#line.length === 0 && this.#running.size === 0 && !this.#isPulling;
    const ahead = this.#settings.ordered ? this.#line.length : this.#line.length + this.#running.size;
    if (this.#isExhausted) {
      if (isIdle) void this.#close();
    } else if (!this.#isPulling && ahead < this.#settings.concurrency) void this.#pull();
  }

  async #pull(): Promise<void> {
    this.#isPulling = true;
    let pulled: { readonly item: T } | undefined;
    let failure: { readonly error: unknown } | undefined;
    try {
      pulled = await this.#source.next();
    } catch (error) {
      failure = { error };
    }
    this.#isPulling = false;
    if (!this.#isExhausted) {
      if (failure) this.#fail(failure);
      else if (pulled) this.#start(pulled.item);
      else this.#isExhausted = true;
    }
    this.#step();
  }

  #start(item: T): void {
    const entry: Entry<T> = {
      index: this.#pulled++,
      item,
      handle: undefined,
      isDropped: false,
      end: undefined,
      ended: Promise.resolve(),
    };
    this.#running.add(entry);
    if (this.#settings.ordered) this.#line.push(entry);
    entry.ended = this.#run(entry, item);
  }

  async #run(entry: Entry<T>, item: T): Promise<void> {
    try {
      entry.end = { results: await this.#resultsOf(entry, item) };
    } catch (error) {
      // Errors of ours are of this task alone.
      if (error instanceof ShoalError) Reflect.set(error, 'index', entry.index);
      entry.end = { error };
    }
    this.#running.delete(entry);
    if (entry.isDropped) return;
    if (!this.#settings.ordered) this.#line.push(entry);
    if ('error' in entry.end) this.#stopAfter(entry);
    else this.#progress();
    this.#step();
  }

  /** Run the task of an item. Where the queue is full of the map's own tasks, it waits for one of them. */
  async #resultsOf(entry: Entry<T>, item: T): Promise<readonly unknown[]> {
    for (;;) {
      try {
        entry.handle = this.#tasks.start(item);
        return await entry.handle.result();
      } catch (error) {
        entry.handle = undefined;
        const others = [...this.#running].filter(({ handle }) => handle !== undefined);
        if (!(error instanceof QueueFullError) || others.length === 0) throw error;
        await Promise.race(others.map(({ ended }) => ended));
        if (entry.isDropped) throw error;
      }
    }
  }

  /** Its listener runs when the step is over, and apart from it, as those of events do. */
  #progress(): void {
    const { onProgress } = this.#settings;
    this.#done++;
    if (onProgress) nextTick(onProgress, { done: this.#done, total: this.#total });
  }

  /** The map fails where its line ends now. */
  #fail(end: { readonly error: unknown }): void {
    const nothing = { index: this.#pulled, item: undefined, handle: undefined, isDropped: false };
    const entry = { ...nothing, end, ended: Promise.resolve() };
    this.#line.push(entry);
    this.#stopAfter(entry);
  }

  #abort(reason: unknown): void {
    this.#drop([...this.#line.splice(0), ...this.#running]);
    this.#fail({ error: new CancelledError('map: its signal was aborted', {}, { cause: reason }) });
    this.#step();
  }

  /** A failure is the last in the line. */
  #stopAfter(entry: Entry<T>): void {
    const after = this.#line.splice(this.#line.indexOf(entry) + 1);
    this.#drop(this.#settings.ordered ? after : this.#running);
    this.#closeSource().catch(() => undefined); // the failure is what is told
  }

  #drop(entries: Iterable<Entry<T>>): void {
    for (const entry of entries) {
      entry.isDropped = true;
      entry.handle?.cancel(new Error('the map that it is of has ended'));
    }
  }

  #closeSource(): Promise<void> {
    this.#isExhausted = true;
    return this.#source.close();
  }

  /** Nothing is left when it resolves. Rejects with what the source throws when it is closed. */
  #close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    this.#unbind?.();
    this.#drop([...this.#line.splice(0), ...this.#running]);
    const callers = this.#callers.splice(0);
    const closed = this.#closeSource();
    try {
      await Promise.allSettled([closed, ...[...this.#running].map(({ ended }) => ended)]);
      await closed;
    } finally {
      for (const { resolve } of callers) resolve(over);
    }
  }
}
