/** What a task thread has in memory of the gang that its worker is in: the gang's actors. */
import { assert } from '../assert.js';
import { WorkerDiedError } from '../errors.js';
import type { ActorStep, GangTurn, TaskSource } from '../protocol/thread-messages.js';
import { methodOf } from './actor-class.js';
import { loadClass } from './load-module.js';

/** One per task thread. A worker is in one gang at most, so it holds what is of one. */
export class GangState {
  #gangId: string | undefined;
  readonly #actors = new Map<string, object>();

  /**
   * A task begins. What is left of a gang that it is not of is dropped.
   *
   * @throws {@link WorkerDiedError} when the gang has run tasks, and this thread none of them.
   */
  enter(gang: GangTurn | undefined): void {
    if (gang?.id === this.#gangId) return;
    this.#actors.clear();
    this.#gangId = undefined;
    if (gang && !gang.isFirst) {
      const text = `the task thread that had what gang ${gang.id} held in memory has ended, and another has taken its place`;
      throw new WorkerDiedError(text, { gangId: gang.id });
    }
    this.#gangId = gang?.id;
  }

  /**
   * What a task with an actor calls, with its arguments.
   *
   * @throws {@link ModuleNotFoundError}, {@link ExportNotFoundError} for a class or method that is not there, or what the
   *   module throws.
   */
  async step(
    { id, does, method = '' }: ActorStep,
    source: TaskSource,
    foreignLoader: boolean,
  ): Promise<(...args: unknown[]) => unknown> {
    if (does === 'make') {
      const actorClass = await loadClass(source, foreignLoader);
      return (...args) => {
        this.#actors.set(id, new actorClass(...args));
      };
    }
    const actor = this.#actors.get(id);
    if (does === 'dispose') return () => this.#dispose(id, actor);
    assert(actor, 'whoever calls an actor has made it on all ranks');
    const called = methodOf(actor, method);
    return (...args) => called.apply(actor, args);
  }

  /** The actor may have never been made on this rank. */
  async #dispose(id: string, actor: Partial<AsyncDisposable & Disposable> | undefined): Promise<void> {
    this.#actors.delete(id);
    if (actor?.[Symbol.asyncDispose]) await actor[Symbol.asyncDispose]?.();
    else actor?.[Symbol.dispose]?.();
  }
}
