/** The gangs of a pool: they wait for workers as tasks do, keep them, and give them back. */
import { nextTick } from '../clock.js';
import { WorkerDiedError } from '../errors.js';
import { decodeThrown } from '../protocol/decode-error.js';
import type { GangSpec } from '../protocol/pool-messages.js';
import type { GoneOutcome } from '../protocol/thread-messages.js';
import { unplaceable } from './admission.js';
import type { GangLoss } from './gang.js';
import { Gang, closedError } from './gang.js';
import type { GangScheduler } from './gang-scheduler.js';
import { membersOf } from './members.js';
import type { GangCounts, GangStatus } from './pool-events.js';
import type { Reservations } from './reservations.js';
import type { Task } from './task.js';
import type { TaskQueue } from './task-queue.js';
import type { Verdict } from './verdict.js';
import type { WorkerSide } from './worker-side.js';
import type { WorkerStates } from './worker-states.js';

/** What gangs stand on. */
export interface GangParts {
  readonly workers: WorkerSide;
  readonly scheduler: GangScheduler;
  readonly states: WorkerStates;
  readonly queue: TaskQueue;
  readonly reservations: Reservations;
}

/** What becomes of gangs' tasks, and what else the head is told. */
export interface GangEvents {
  /** The task waits in a gang that is lost: it ends with this error. */
  refused(task: Task, error: Error): void;
  /** The task runs on a gang that is lost, for another reason than its own: it is to end with this error. */
  interrupted(task: Task, rank: number, error: Error): void;
  /** Workers may have come free, or a task of a gang can begin. */
  freed(): void;
  warning(message: string): void;
}

/** One per head. */
export class Gangs {
  readonly #parts: GangParts;
  readonly #events: GangEvents;
  readonly #gangs = new Map<string, Gang>();
  #nextId = 1;
  #opened = 0;
  #lost = 0;

  constructor(parts: GangParts, events: GangEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  /** Some wait for workers. */
  get areWaiting(): boolean {
    return [...this.#gangs.values()].some(({ state }) => state === 'waiting');
  }

  /** An id for a gang that comes without one. */
  nextId(): string {
    return `g${this.#nextId++}`;
  }

  /** A gang that takes tasks. @throws {@link ClosedError} */
  find(id: string): Gang {
    const gang = this.#gangs.get(id);
    if (gang?.state === 'open' && !gang.loss) return gang;
    throw closedError(gang?.label ?? `gang ${id}`, id, undefined);
  }

  /**
   * Accept a gang: it waits behind the tasks of priority 0.
   *
   * @throws {@link InsufficientWorkersError}, {@link QueueFullError}
   */
  accept(spec: GangSpec, id: string): Gang {
    const { scheduler, states, queue } = this.#parts;
    queue.assertRoom(spec, states.nodeSizes);
    const gang = new Gang(id, spec);
    this.#gangs.set(id, gang);
    scheduler.enqueue(waiting(gang));
    return gang;
  }

  /** A gang has its workers; it is open when it has a communicator. */
  begin(id: string, worldRanks: readonly number[]): void {
    const gang = this.#gangs.get(id);
    if (!gang) return;
    gang.members = membersOf(this.#parts.workers, worldRanks);
    this.#parts.states.hold(gang);
    this.#form(gang);
    if (!gang.isForming) this.#open(gang);
  }

  /** A task of a gang begins. */
  start(gang: Gang, task: Task): void {
    gang.taskId = task.id;
  }

  /** A task of a gang that had begun has ended. `isClean`: its communicator can be used on. */
  ended(gang: Gang, task: Task, verdict: Verdict, isClean: boolean): void {
    gang.taskId = undefined;
    gang.noteActor(task.spec, 'results' in verdict);
    if ('error' in verdict) gang.explainLoss(verdict.error);
    if (!isClean) this.#renewCommunicator(gang);
    this.#endIfDone(gang);
  }

  /**
   * Take no more tasks, let those that were accepted end, and give the workers back. One that waits for workers is
   * closed at once.
   *
   * @param reason - For whoever waits for its workers; default: that it was closed.
   */
  close(gang: Gang, reason?: Error): void {
    if (gang.state === 'closed') return;
    if (gang.members.length === 0) {
      this.#parts.scheduler.withdraw(gang.id);
      this.#gangs.delete(gang.id);
      gang.close(reason);
      this.#events.freed();
      return;
    }
    gang.state = 'closing';
    this.#endIfDone(gang);
  }

  /** A task of a gang has been taken out of its queue. */
  withdrawn(gang: Gang): void {
    this.#endIfDone(gang);
  }

  /** The pool ends. @param reason - For whoever waits for workers. */
  closeAll(reason: Error): void {
    for (const gang of [...this.#gangs.values()]) this.close(gang, reason);
  }

  /** The pool ends, and no task is left. */
  end(): void {
    for (const gang of this.#gangs.values()) gang.close(undefined);
    this.#gangs.clear();
  }

  /** The thread of a worker has ended; `lease` is the last whose task it may have run. */
  gone(worldRank: number, lease: number, how: GoneOutcome): void {
    const gang = this.#parts.states.gangOf(worldRank);
    if (!gang || !(gang.hasRunUnder(lease) || gang.loss?.worldRank === worldRank)) return;
    gang.lose({ worldRank, lease, cause: causeOf(how) });
    // First the attempt of its task hears of it.
    this.#loseSoon(gang);
  }

  /** The process of a worker is gone, or is given no task any more. */
  removed(worldRank: number): void {
    const gang = this.#parts.states.gangOf(worldRank);
    // One whose communicator is still to be made has lost nothing yet: it waits again.
    if (!gang || gang.state === 'waiting') return;
    gang.lose({ worldRank, lease: undefined, cause: new WorkerDiedError(`worker ${worldRank} is gone`) });
    this.#loseSoon(gang);
  }

  /** All workers are about to be ended: no gang that has some begins anything. */
  ending(why: string): void {
    for (const gang of this.#gangs.values()) {
      const [worldRank] = gang.worldRanks;
      if (worldRank === undefined || gang.state === 'waiting') continue;
      gang.lose({ worldRank, lease: undefined, cause: new WorkerDiedError(`worker ${worldRank} ${why}`) });
    }
  }

  /** Nothing runs any more, and nothing is left of what gangs had. */
  over(): void {
    for (const gang of [...this.#gangs.values()]) this.#endLost(gang);
  }

  /** The new processes may be on other nodes: gangs that can never have their workers are told so. */
  renewed(nodeSizes: readonly number[]): void {
    for (const gang of [...this.#gangs.values()]) {
      const error = gang.members.length === 0 ? unplaceable(gang.spec, nodeSizes, 'gang') : undefined;
      if (error) this.close(gang, error);
    }
  }

  /** One waits for more workers than there are. */
  waitForMoreThan(nodeSizes: readonly number[]): boolean {
    return [...this.#gangs.values()].some(({ members, spec }) => {
      return members.length === 0 && unplaceable(spec, nodeSizes, 'gang') !== undefined;
    });
  }

  /** So far: those that have had their workers, and those of them that were closed by the loss of a member. */
  get counts(): GangCounts {
    return { gangsOpened: this.#opened, gangsLost: this.#lost };
  }

  status(): GangStatus[] {
    return [...this.#gangs.values()].map((gang) => {
      const { id, spec, state, worldRanks, taskId } = gang;
      const queued = this.#parts.queue.gangs.of(gang).length;
      const actors = [...gang.actors.values()];
      return { id, name: spec.name, state, workers: spec.workers, worldRanks, taskId, queued, actors };
    });
  }

  #form(gang: Gang): void {
    const { communicator, isForming } = this.#parts.reservations.form(gang.worldRanks, {
      formed: () => {
        this.#formed(gang);
      },
      undone: () => {
        this.#undone(gang);
      },
    });
    gang.communicator = communicator;
    gang.isForming = isForming;
  }

  #formed(gang: Gang): void {
    gang.isForming = false;
    if (gang.state === 'waiting') this.#open(gang);
    this.#endIfDone(gang);
    this.#events.freed();
  }

  #open(gang: Gang): void {
    this.#opened++;
    gang.open();
    this.#hold();
  }

  /** A member was lost before the communicator was made. */
  #undone(gang: Gang): void {
    gang.isForming = false;
    gang.communicator = 0;
    if (gang.state === 'waiting') {
      this.#parts.states.letGo(gang);
      gang.members = [];
      this.#parts.scheduler.putBack(waiting(gang));
      return;
    }
    const [worldRank = 0] = gang.worldRanks;
    gang.lose({ worldRank, lease: undefined, cause: new WorkerDiedError('its communicator could not be made') });
    this.#loseSoon(gang);
  }

  /** Messages may be on their way in the one that it has: it gets another, in a round. */
  #renewCommunicator(gang: Gang): void {
    if (gang.communicator === 0) return;
    this.#parts.reservations.unform(gang.worldRanks, false);
    gang.communicator = 0;
    const isOver = gang.loss !== undefined || (gang.state !== 'open' && this.#parts.queue.gangs.of(gang).length === 0);
    if (!isOver) this.#form(gang);
  }

  /** What else is told of the loss in the same step comes first. */
  #loseSoon(gang: Gang): void {
    nextTick(() => {
      this.#endLost(gang);
      this.#hold();
    });
  }

  #endLost(gang: Gang): void {
    const { loss, taskId } = gang;
    if (!loss || gang.state === 'closed') return;
    const task = taskId === undefined ? undefined : this.#parts.queue.get(taskId);
    if (task && gang.lastLease !== loss.lease) {
      this.#events.interrupted(task, gang.worldRanks.indexOf(loss.worldRank), gang.lossError(loss));
    }
    this.#endIfDone(gang);
  }

  #endIfDone(gang: Gang): void {
    if (gang.state === 'closed' || gang.taskId !== undefined || gang.isForming) return;
    if (gang.loss) this.#end(gang, gang.loss);
    else if (gang.state === 'closing' && this.#parts.queue.gangs.of(gang).length === 0) this.#end(gang, undefined);
  }

  #end(gang: Gang, loss: GangLoss | undefined): void {
    const { queue, reservations, states } = this.#parts;
    this.#gangs.delete(gang.id);
    if (loss) this.#lost++;
    const error = loss && gang.lossError(loss);
    const isUnasked = gang.state !== 'closing';
    gang.close(error);
    const left = [...queue.gangs.of(gang)];
    if (error) for (const task of left) this.#events.refused(task, error);
    if (gang.communicator !== 0) reservations.unform(gang.worldRanks, true);
    states.letGo(gang);
    if (error && isUnasked) this.#events.warning(error.message);
    this.#events.freed();
    this.#hold();
  }

  /** While gangs live, nothing that these have in memory is given up for other workers that are lost. */
  #hold(): void {
    this.#parts.workers.hold([...this.#gangs.values()].some(({ hasOpened, loss }) => hasOpened && !loss));
  }
}

function waiting({ id, spec: { workers, placement } }: Gang): Parameters<GangScheduler['enqueue']>[0] {
  return { id, workers, placement, priority: 0 };
}

/** How a thread has ended, where no task says why. */
function causeOf(how: GoneOutcome): unknown {
  if (how.kind === 'died' && how.error) return decodeThrown(how.error);
  return new WorkerDiedError('its task thread has ended, and another has taken its place');
}
