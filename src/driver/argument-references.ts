/** The references in the arguments of one task. */
import { counted } from '../grammar.js';
import { ClosedError, InvalidArgumentError } from '../errors.js';
import type { Refer } from '../protocol/encode-nodes.js';
import type { ReferenceOwner } from '../protocol/reference.js';
import { Reference } from '../protocol/reference.js';
import { Kept } from './kept.js';

/** Made for one encoding. */
export class ArgumentReferences {
  /** As many ranks as the task must have; undefined: any number. */
  ranks: number | undefined;
  readonly #what: string;
  readonly #pool: ReferenceOwner;
  readonly #ids = new Set<string>();

  constructor(what: string, pool: ReferenceOwner) {
    this.#what = what;
    this.#pool = pool;
  }

  /** Each once; undefined: there are none. */
  get ids(): readonly string[] | undefined {
    return this.#ids.size === 0 ? undefined : [...this.#ids];
  }

  /**
   * Note a reference.
   *
   * @throws {@link InvalidArgumentError} for one of another pool, or of a task of another size than one before;
   *   {@link ClosedError} for one that was released.
   */
  readonly refer: Refer = (reference, path) => {
    const { id, owner, released } = Reference.partsOf(reference) ?? {};
    if (id === undefined || owner !== this.#pool) {
      throw new InvalidArgumentError(
        `${this.#what}: ${path} is a reference of another pool, whose workers have the value`,
        { path },
      );
    }
    if (released) throw new ClosedError(`${this.#what}: ${path} is a reference that was released`, { path });
    if (reference instanceof Kept) this.#noteRanks(reference.workers, path);
    this.#ids.add(id);
    return id;
  };

  #noteRanks(ranks: number, path: string): void {
    if (this.ranks !== undefined && this.ranks !== ranks) {
      throw new InvalidArgumentError(
        `${this.#what}: ${path} is what a task of ${counted(ranks, 'rank')} has returned, and another reference that of one of ` +
          `${this.ranks}; a task runs where all its values are`,
        { path },
      );
    }
    this.ranks = ranks;
  }
}
