/**
 * The tasks that a pool has accepted and that have not ended: which wait, and how many bytes of arguments those hold.
 */
import type { GangSpec, TaskSpec } from '../protocol/pool-messages.js';
import type { Load } from './admission.js';
import { argumentBytes, assertAcceptable, unplaceable } from './admission.js';
import type { Gang } from './gang.js';
import { GangQueues } from './gang-queues.js';
import type { GangScheduler, Waiting } from './gang-scheduler.js';
import type { HeadOptions } from './pool-events.js';
import { Task } from './task.js';

/**
 * Holds every task from `accept` to `remove`. Those that wait are in the scheduler, or in the queue of their gang.
 */
export class TaskQueue {
  /** Tasks that wait in gangs. */
  readonly gangs: GangQueues = new GangQueues();
  /** The workers that a task has to run on, in rank order; undefined: any. */
  readonly workersFor: (spec: TaskSpec) => readonly number[] | undefined;
  readonly #scheduler: GangScheduler;
  readonly #limits: Pick<HeadOptions, 'maxQueue' | 'maxQueueBytes'>;
  readonly #tasks = new Map<string, Task>();
  /** Those that wait at a worker which has been given them ahead. */
  readonly #ahead = new Set<Task>();
  #queued = 0;
  #queuedBytes = 0;
  #nextId = 1;

  constructor(
    scheduler: GangScheduler,
    limits: Pick<HeadOptions, 'maxQueue' | 'maxQueueBytes'>,
    workersFor: (spec: TaskSpec) => readonly number[] | undefined,
  ) {
    this.workersFor = workersFor;
    this.#scheduler = scheduler;
    this.#limits = limits;
  }

  /** Every task that has not ended. */
  get tasks(): readonly Task[] {
    return [...this.#tasks.values()];
  }

  get isEmpty(): boolean {
    return this.#tasks.size === 0;
  }

  /** How many wait. */
  get queued(): number {
    return this.#queued;
  }

  /** An id for a task that comes without one. */
  nextId(): string {
    return `t${this.#nextId++}`;
  }

  get(id: string): Task | undefined {
    return this.#tasks.get(id);
  }

  /**
   * Accept a task.
   *
   * @param id - Of no other task.
   * @param nodeSizes - How many workers each node has.
   * @param gang - The one that runs it.
   * @throws {@link InsufficientWorkersError}, {@link QueueFullError}
   */
  accept(spec: TaskSpec, id: string, nodeSizes: readonly number[], gang?: Gang): Task {
    assertAcceptable(spec, this.#load(nodeSizes));
    const task = new Task(id, spec, gang);
    this.#tasks.set(task.id, task);
    this.enqueue(task);
    return task;
  }

  /** Whether a gang can wait too. @throws {@link InsufficientWorkersError}, {@link QueueFullError} */
  assertRoom(spec: GangSpec, nodeSizes: readonly number[]): void {
    assertAcceptable({ ...spec, args: [] }, this.#load(nodeSizes), 'gang');
  }

  /** Let a task wait, behind the others of its priority, or of its gang. */
  enqueue(task: Task): void {
    this.#count(task);
    if (task.gang) this.gangs.enqueue(task.gang, task);
    else this.#scheduler.enqueue(this.#waiting(task));
  }

  /** Let a task that was scheduled and did not start wait, before the others of its priority. */
  putBack(task: Task): void {
    this.#count(task);
    this.#scheduler.putBack(this.#waiting(task));
  }

  /** What starts next, of those that no worker has been given: of the highest priority what has waited longest. */
  get first(): Task | undefined {
    const { first } = this.#scheduler;
    return first && this.#tasks.get(first.id);
  }

  /** The first task waits at a worker from now on. */
  giveAhead(task: Task): void {
    this.#scheduler.withdraw(task.id);
    this.#ahead.add(task);
  }

  /** Whether a worker has been given it. */
  isAhead(task: Task): boolean {
    return this.#ahead.has(task);
  }

  /** A worker does not have the task any more: it waits before the others of its priority. */
  takeBack(task: Task): void {
    this.#ahead.delete(task);
    this.#scheduler.putBack(this.#waiting(task));
  }

  /** The worker begins with a task that waited there. */
  begin(task: Task): void {
    this.#ahead.delete(task);
    this.#start(task);
  }

  /** Take a task out of the queue; false when it does not wait there. */
  withdraw(task: Task): boolean {
    const { gang } = task;
    if (!(gang ? this.gangs.withdraw(gang, task) : this.#scheduler.withdraw(task.id))) return false;
    this.#uncount(task);
    return true;
  }

  /** A task starts that the scheduler has chosen; undefined: it is none of the tasks. */
  start(id: string): Task | undefined {
    const task = this.#tasks.get(id);
    if (task) this.#start(task);
    return task;
  }

  /** A task that a gang begins now; undefined: none can. */
  startInGang(): Task | undefined {
    const task = this.gangs.next();
    if (task) this.#start(task);
    return task;
  }

  /** A task has ended. */
  remove(task: Task): void {
    this.#tasks.delete(task.id);
  }

  /** A task waits that wants more workers at once than there are. */
  waitsForMoreThan(nodeSizes: readonly number[]): boolean {
    return this.tasks.some(({ state, spec, gang }) => state === 'queued' && !gang && unplaceable(spec, nodeSizes));
  }

  #load(nodeSizes: readonly number[]): Load {
    return { nodeSizes, queued: this.#queued, queuedBytes: this.#queuedBytes, ...this.#limits };
  }

  #start(task: Task): void {
    this.#uncount(task);
    task.state = 'running';
  }

  #count(task: Task): void {
    task.state = 'queued';
    this.#queued++;
    this.#queuedBytes += argumentBytes(task.spec);
  }

  #uncount(task: Task): void {
    this.#queued--;
    this.#queuedBytes -= argumentBytes(task.spec);
  }

  #waiting({ id, spec }: Task): Waiting {
    const { workers, placement, priority } = spec;
    return { id, workers, placement, priority, on: this.workersFor(spec) };
  }
}
