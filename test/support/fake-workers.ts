/** Workers without processes: what they report waits until the test delivers it, in any order between workers. */
import * as assert from 'uvu/assert';
import { WindowDamagedError } from '../../src/errors.js';
import type { WorkerEvents, WorkerInfo, WorkerSide } from '../../src/head/worker-side.js';
import type { AssignMessage, CancelMessage, Outcome } from '../../src/protocol/thread-messages.js';
import type { GoOrder } from '../../src/protocol/round-messages.js';
import { encodeValue } from '../../src/protocol/values.js';

/** How a rank ends the task that it begins. */
export type FakeEnd = 'returned' | 'threw' | 'damaged';

interface FakeWorker {
  living: boolean;
  lease: number;
  task: AssignMessage | undefined;
  /** What it begins with next. */
  readonly ahead: AssignMessage[];
  cancelled: boolean;
  readonly communicators: Map<number, string>;
  /** Messages to it, and what comes back of them, one after the other. */
  inbox: (() => void)[];
}

/** As processes under an MPI whose survivors go on until they are idle; then all are started again. */
export class FakeWorkers implements WorkerSide {
  readonly workers: readonly WorkerInfo[];
  /** Few, so that tasks wait for them; more where workers are given tasks ahead. */
  readonly slots: number;
  /** Tasks that were given ahead, and those of them that were taken back. */
  readonly ahead = { given: 0, takenBack: 0 };
  readonly #takesAhead: boolean;
  restarts = 0;
  /** Looks at what a worker is given. */
  assigned: (worldRank: number, message: AssignMessage) => void = () => undefined;
  /** Tasks whose function was begun, by id: how often. */
  readonly begun = new Map<string, number>();
  readonly #states: FakeWorker[];
  /** Slots that are being emptied, and by whom. */
  readonly #clearing = new Map<number, number>();
  #events!: WorkerEvents;
  #restarting = false;
  #tooFew = false;
  /** Gangs have workers. */
  #isHeld = false;
  /** Goes on without those that are lost while it can. */
  readonly #goesOn: boolean;

  constructor(size: number, goesOn: boolean, takesAhead = false) {
    this.#goesOn = goesOn;
    this.#takesAhead = takesAhead;
    this.slots = takesAhead ? 4 * size : 4;
    this.workers = Array.from({ length: size }, (_, worldRank) => ({
      worldRank,
      pid: 1 + worldRank,
      localRank: worldRank,
      hostname: 'here',
      // Two nodes that have one name.
      node: 'here',
      nodeKey: worldRank < 3 ? 'one' : 'two',
    }));
    this.#states = this.workers.map(() => this.#fresh());
  }

  report(events: WorkerEvents): void {
    this.#events = events;
  }

  /** The thread of a worker is gone at last, whatever it had to do; another takes its place. */
  endAtLast(worldRank: number): void {
    const { lease } = this.#states[worldRank]!;
    Object.assign(this.#states[worldRank]!, { task: undefined, inbox: [] });
    this.#events.gone(worldRank, lease, { kind: 'ended' }, lease);
    this.#events.replaced(worldRank);
  }

  /** Let one waiting message of a worker arrive; false when none waits. `end`: how a task ends that it begins. */
  deliver(which: number, end: FakeEnd = 'returned'): boolean {
    const waiting = this.#states.filter(({ inbox }) => inbox.length > 0);
    this.#nextEnd = end;
    const next = waiting[which % Math.max(1, waiting.length)]?.inbox.shift();
    next?.();
    return next !== undefined;
  }
  #nextEnd: FakeEnd = 'returned';

  die(worldRank: number): void {
    const state = this.#states[worldRank]!;
    if (!state.living) return;
    const { lease } = state;
    Object.assign(state, { living: false, task: undefined, inbox: [] });
    this.#events.removed(worldRank);
    this.#events.gone(worldRank, lease, { kind: 'died', error: encodeValue(new Error('killed'), 'error') }, lease);
    // Another does what it has not done.
    for (const [slot, keeper] of this.#clearing) if (keeper === worldRank) this.clear(slot);
    this.#restartIfIdle();
  }

  isAvailable(worldRank: number): boolean {
    return this.#states[worldRank]!.living && !this.#restarting;
  }
  trace(): Promise<void> {
    return Promise.resolve();
  }

  operations(): undefined {
    return undefined;
  }
  askOperations(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
  usage(): undefined {
    return undefined;
  }
  clear(slot: number): void {
    const keeper = this.#states.findIndex(({ living }) => living);
    this.#clearing.set(slot, keeper);
    if (keeper >= 0) {
      this.#post(keeper, () => {
        if (this.#clearing.delete(slot)) this.#events.cleared(slot);
      });
    }
    this.#restartIfIdle();
  }
  abort(): void {}
  markDead(): void {}
  prepare(worldRank: number, round: number): void {
    this.#post(worldRank, () => this.#events.ready(worldRank, round));
  }
  go(worldRank: number, { group, free, round }: GoOrder): void {
    this.#post(worldRank, () => {
      const { communicators } = this.#states[worldRank]!;
      for (const id of free) assert.ok(communicators.delete(id), 'frees what it does not have');
      if (group) communicators.set(group.id, group.worldRanks.join());
      this.#events.done(worldRank, round);
    });
  }
  putAside(worldRank: number): void {
    const state = this.#states[worldRank]!;
    if (!state.living) return;
    state.inbox = [
      () => {
        this.die(worldRank);
      },
    ];
  }
  renew(text: string): void {
    if (!this.#restarting) this.#startNext(text);
  }
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#restartIfIdle();
  }
  refill(): void {
    this.#tooFew = true;
    this.#restartIfIdle();
  }
  breakEpoch(): void {
    for (const { worldRank } of this.workers) this.putAside(worldRank);
  }
  assign(worldRank: number, message: AssignMessage): void {
    const state = this.#states[worldRank]!;
    assert.ok(state.living, 'a task for a worker that is gone');
    assert.is(state.task, undefined, 'a worker is leased twice');
    const { communicator, members, lease, rank } = message.lease;
    assert.is(members[rank]?.worldRank, worldRank);
    const ranks = members.map((member) => member.worldRank).join();
    assert.is(members.length === 1 ? '' : state.communicators.get(communicator), members.length === 1 ? '' : ranks);
    this.assigned(worldRank, message);
    this.#begin(worldRank, message, lease);
  }
  takesAhead(worldRank: number): boolean {
    const { living, task } = this.#states[worldRank]!;
    return this.#takesAhead && living && task !== undefined && !this.#restarting;
  }
  assignAhead(worldRank: number, message: AssignMessage): void {
    assert.ok(this.takesAhead(worldRank), 'a task ahead for a worker that runs none');
    assert.is(message.lease.members.length, 1);
    this.#states[worldRank]!.ahead.push(message);
    this.ahead.given++;
  }
  takeBack(worldRank: number, lease: number): boolean {
    const { ahead } = this.#states[worldRank]!;
    const index = ahead.findIndex((message) => message.lease.lease === lease);
    if (index < 0) return false;
    ahead.splice(index, 1);
    this.ahead.takenBack++;
    return true;
  }
  cancel(worldRank: number, { taskId }: CancelMessage): void {
    const state = this.#states[worldRank]!;
    if (state.task?.lease.taskId === taskId) state.cancelled = true;
  }
  taken(): void {}
  readonly values: WorkerSide['values'] = { lay: () => Promise.resolve(), remove: () => undefined };
  placeOf: WorkerSide['placeOf'] = () => undefined;
  forget: WorkerSide['forget'] = () => undefined;
  end(): void {}
  keepAlive(): void {}
  close(): Promise<void> {
    return Promise.resolve();
  }

  #fresh(): FakeWorker {
    return {
      living: true,
      lease: 0,
      task: undefined,
      ahead: [],
      cancelled: false,
      communicators: new Map(),
      inbox: [],
    };
  }

  #begin(worldRank: number, message: AssignMessage, lease: number): void {
    Object.assign(this.#states[worldRank]!, { task: message, lease, cancelled: false });
    this.#post(worldRank, () => {
      this.begun.set(message.lease.taskId, (this.begun.get(message.lease.taskId) ?? 0) + 1);
      this.#end(worldRank, message, this.#nextEnd);
    });
  }

  #post(worldRank: number, arrive: () => void): void {
    const state = this.#states[worldRank]!;
    if (state.living) state.inbox.push(arrive);
  }

  #end(worldRank: number, { lease }: AssignMessage, end: FakeEnd): void {
    const state = this.#states[worldRank]!;
    const { cancelled } = state;
    state.task = undefined;
    // It goes on before the head hears of the end.
    const next = state.ahead.shift();
    if (next) this.#begin(worldRank, next, next.lease.lease);
    const error = encodeValue(
      end === 'damaged' ? new WindowDamagedError('slipped') : new RangeError('no such shard'),
      'error',
    );
    const counts = { sequence: 1, sent: 0, received: 0, aborted: cancelled };
    const outcome: Outcome =
      end === 'returned'
        ? { kind: 'returned', value: encodeValue(lease.rank, 'value'), ...counts }
        : {
            kind: 'threw',
            error,
            origin: 'task',
            replaceThread: false,
            damage: end === 'damaged' ? 'its header' : undefined,
          };
    this.#events.outcome(worldRank, lease.taskId, outcome);
    this.#restartIfIdle();
  }

  #restartIfIdle(): void {
    if (this.#isHeld) return;
    const isIdle = this.#states.every(({ task }) => task === undefined);
    if (!isIdle || this.#restarting || this.#states.every(({ living }) => living)) return;
    if (this.#goesOn && !this.#tooFew && this.#states.some(({ living }) => living)) return;
    this.#startNext('was ended with its epoch');
  }

  #startNext(why: string): void {
    this.#tooFew = false;
    this.restarts++;
    this.#restarting = true;
    this.#events.ending(why);
    for (const state of this.#states) Object.assign(state, { living: false, task: undefined, inbox: [] });
    // What the processes that are ending still say must change nothing.
    for (const { worldRank } of this.workers) {
      this.#states[0]!.inbox.push(() => {
        this.#events.replaced(worldRank);
      });
    }
    this.#states[0]!.inbox.push(() => {
      this.#renew();
    });
  }

  #renew(): void {
    const clearing = [...this.#clearing.keys()];
    this.#clearing.clear();
    for (const { ahead } of this.#states) assert.is(ahead.length, 0, 'a task is left at a worker that is gone');
    this.#states.forEach((_, worldRank) => (this.#states[worldRank] = this.#fresh()));
    for (const slot of clearing) this.#events.cleared(slot);
    this.#restarting = false;
    this.#events.renewed();
    for (const { worldRank } of this.workers) this.#events.replaced(worldRank);
  }
}
