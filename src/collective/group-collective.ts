/** The collectives of one group as task code has them, and the arrays of its task. */
import { showCallers } from '../caller-lines.js';
import { ArrayCalls } from '../calls/array-calls.js';
import { OwnBucket } from '../calls/lists/bucket.js';
import type { Group } from '../calls/group.js';
import { GroupCalls } from '../calls/group-calls.js';
import { ObjectCalls } from '../calls/object-calls.js';
import { ListedGroups } from '../calls/listed-group.js';
import { MessageCalls } from '../calls/messages/message-calls.js';
import { PromptCalls } from '../calls/messages/prompt-calls.js';
import { SplitCalls } from '../calls/split-calls.js';
import { ClosedError, InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import { arrayBytes, checkMade } from '../operands/array-class.js';
import type { TaskArrays } from '../operands/task-arrays.js';
import { viewOf } from '../operands/tensor.js';
import { trusted } from '../operands/trusted-array.js';
import type { Bucket } from '../operations/bucket.js';
import type { Operation } from '../operations/operation.js';
import { cart, split, sub } from '../operations/split.js';
import type { Float16ArrayLike, TypedArray, TypedArrayClass } from '../types/buffers.js';
import type { CallsOfGroup } from './forms.js';
import { addForms } from './forms.js';
import type { Grid, GridSplit } from './grid.js';
import { readGrid } from './grid.js';
import type { CartGroup, Collective, CollectiveGroup } from './collective.js';

/** Binds the collectives to a group. The methods of the operations are added below, from their rows. */
class OwnCollective implements CallsOfGroup {
  static {
    showCallers(this.prototype);
  }
  readonly calls: GroupCalls;
  readonly arrayCalls: ArrayCalls;
  readonly objectCalls: ObjectCalls;
  readonly messageCalls: MessageCalls;
  readonly promptCalls: PromptCalls;
  readonly #splits: SplitCalls;
  readonly #listed: ListedGroups;
  readonly #group: Group;
  readonly #arrays: TaskArrays;
  /** Fill freed memory with 0xFF, so that a use after free shows. */
  readonly #poison: boolean;

  /**
   * @param parent - Of a group inside a task: of the group that it was made from.
   * @param hasBorders - Whether there may be nobody where a neighbour is asked for.
   */
  constructor(group: Group, timeoutMs: number, poison: boolean, parent?: OwnCollective, hasBorders: boolean = false) {
    this.calls = new GroupCalls(group, timeoutMs, poison, parent?.calls.ofTask);
    this.arrayCalls = new ArrayCalls(this.calls);
    this.objectCalls = new ObjectCalls(this.calls);
    this.messageCalls = new MessageCalls(this.calls, hasBorders);
    this.promptCalls = new PromptCalls(this.calls, this.messageCalls);
    this.#splits = new SplitCalls(this.calls);
    this.#listed = new ListedGroups(this.calls, this.messageCalls);
    this.#group = group;
    this.#poison = poison;
    this.#arrays = group.engine.backend.arrays;
  }

  get rank(): number {
    return this.#group.rank;
  }

  get size(): number {
    return this.#group.members.length;
  }

  /** Milliseconds during which at least one call of this rank was under way; calls together count once. */
  get elapsedMs(): number {
    return this.calls.time.elapsedMs;
  }

  empty<T extends TypedArray | Float16ArrayLike>(arrayClass: TypedArrayClass<T>, count: number): T {
    this.#assertOpen();
    const sizeBytes = arrayBytes('empty', arrayClass, count);
    const array = this.#arrays.make(arrayClass, count, sizeBytes);
    checkMade('empty', arrayClass, array, count, sizeBytes);
    return array;
  }

  free(given: TypedArray | Float16ArrayLike): void {
    const array = viewOf(given)?.array ?? trusted('free: expected the array', given);
    if (!array) {
      throw new InvalidArgumentError(
        `free: expected an array of collective.empty or emptyShared, received ${show(given)}`,
      );
    }
    this.#assertOpen();
    if (this.calls.buffers.isInUse(array)) {
      throw new InvalidArgumentError('free: the array is in use by a collective in flight; await it first');
    }
    this.#arrays.free(array, this.#poison);
  }

  bucket(options?: unknown): Bucket {
    this.#assertOpen();
    return new OwnBucket(this.calls, options);
  }

  current(): Collective {
    return this as unknown as Collective;
  }

  async split(color: unknown, key?: unknown, options?: unknown): Promise<CollectiveGroup | undefined> {
    return this.#groupOf(await this.#splits.start(split, () => ({ color, key, options, shape: 0 })));
  }

  splitSync(color: unknown, key?: unknown, options?: unknown): CollectiveGroup | undefined {
    return this.#groupOf(this.#splits.run(split, () => ({ color, key, options, shape: 0 })));
  }

  async group(ranks: unknown, options?: unknown): Promise<CollectiveGroup | undefined> {
    return this.#groupOf(await this.#listed.start(ranks, options));
  }

  groupSync(ranks: unknown, options?: unknown): CollectiveGroup | undefined {
    return this.#groupOf(this.#listed.run(ranks, options));
  }

  cart(dims: unknown, options?: unknown): Promise<CartGroup | undefined> {
    return this.startGrid(cart, () => readGrid('cart', dims, options, this.rank, this.size));
  }

  cartSync(dims: unknown, options?: unknown): CartGroup | undefined {
    return this.runGrid(cart, () => readGrid('cartSync', dims, options, this.rank, this.size));
  }

  /** Free all arrays of the task. */
  releaseArrays(): void {
    this.#arrays.release(this.#poison);
  }

  /** Make a grid, as it is read from the caller's arguments. */
  protected async startGrid(operation: Operation, read: () => GridSplit): Promise<CartGroup | undefined> {
    let given: GridSplit | undefined;
    const group = await this.#splits.start(operation, () => (given = read()));
    return this.#gridOf(group, given);
  }

  /** Its blocking twin. */
  protected runGrid(operation: Operation, read: () => GridSplit): CartGroup | undefined {
    let given: GridSplit | undefined;
    const group = this.#splits.run(operation, () => (given = read()));
    return this.#gridOf(group, given);
  }

  #gridOf(group: Group | undefined, given: GridSplit | undefined): CartGroup | undefined {
    const { timeoutMs } = this.calls.setting;
    if (!group || !given) return undefined;
    return new OwnCart(group, timeoutMs, this.#poison, this, given.grid) as unknown as CartGroup;
  }

  #groupOf(group: Group | undefined): CollectiveGroup | undefined {
    const { timeoutMs } = this.calls.setting;
    return group && (new OwnGroup(group, timeoutMs, this.#poison, this) as unknown as CollectiveGroup);
  }

  #assertOpen(): void {
    const { failure } = this.#group;
    if (failure instanceof ClosedError) throw failure;
  }
}

/** Those of a group inside a task. */
class OwnGroup extends OwnCollective {
  static {
    showCallers(this.prototype);
  }
  close(): void {
    const { group } = this.calls;
    if (!group.hasLeft && group.inFlight.length > 0) {
      throw new InvalidArgumentError('close: a call of this group is under way on this rank; await it first');
    }
    group.leave();
  }
}

/** Those of a group whose ranks lie in a grid. */
class OwnCart extends OwnGroup {
  static {
    showCallers(this.prototype);
  }
  readonly #grid: Grid;

  constructor(group: Group, timeoutMs: number, poison: boolean, parent: OwnCollective, grid: Grid) {
    super(group, timeoutMs, poison, parent, true);
    this.#grid = grid;
  }

  get dims(): readonly number[] {
    return this.#grid.dims;
  }

  get periodic(): readonly boolean[] {
    return this.#grid.periodic;
  }

  get coords(): readonly number[] {
    return this.#grid.coordsOf(this.rank);
  }

  coordsOf(rank: unknown): readonly number[] {
    return this.#grid.coordsOf(rank);
  }

  rankAt(coords: unknown): number {
    return this.#grid.rankAt(coords);
  }

  shift(dimension: unknown, by: unknown): { source: number | undefined; dest: number | undefined } {
    return this.#grid.shift(this.rank, dimension, by);
  }

  sub(keep: unknown, options?: unknown): Promise<CartGroup | undefined> {
    return this.startGrid(sub, () => this.#grid.kept(keep, options, this.rank));
  }

  subSync(keep: unknown, options?: unknown): CartGroup | undefined {
    return this.runGrid(sub, () => this.#grid.kept(keep, options, this.rank));
  }

  row(options?: unknown): Promise<CartGroup | undefined> {
    return this.startGrid(sub, () => this.#grid.kept(this.#grid.only('row', 1), options, this.rank));
  }

  rowSync(options?: unknown): CartGroup | undefined {
    return this.runGrid(sub, () => this.#grid.kept(this.#grid.only('rowSync', 1), options, this.rank));
  }

  column(options?: unknown): Promise<CartGroup | undefined> {
    return this.startGrid(sub, () => this.#grid.kept(this.#grid.only('column', 2), options, this.rank));
  }

  columnSync(options?: unknown): CartGroup | undefined {
    return this.runGrid(sub, () => this.#grid.kept(this.#grid.only('columnSync', 2), options, this.rank));
  }
}

addForms(OwnCollective.prototype);

/** The collectives of one rank in one group. */
export type GroupCollective = Collective & OwnCollective;

/** What makes them. */
export const GroupCollective: new (group: Group, timeoutMs: number, poison: boolean) => GroupCollective =
  OwnCollective as unknown as new (group: Group, timeoutMs: number, poison: boolean) => GroupCollective;
