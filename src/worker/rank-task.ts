/** One rank's part of one task: its scope, its end, and what its peers are told of it. */
import { runForCaller } from '../caller-lines.js';
import { GroupCollective } from '../collective/group-collective.js';
import type { RankEngine } from '../calls/engine.js';
import type { Lease } from '../backend/lease.js';
import { Group } from '../calls/group.js';
import type { Runtime, TaskScope } from '../collective/scope.js';
import { ClosedError, MessageTooLargeError, NotAwaitedError } from '../errors.js';
import { inFlightText } from '../head/in-flight.js';
import { createLogger } from '../log.js';
import { encodeError } from '../protocol/error-value.js';
import type { CollectiveUse, InFlightCall, Outcome } from '../protocol/thread-messages.js';
import { maxCalls } from '../protocol/thread-messages.js';
import { encodeValue } from '../protocol/values.js';
import { encodeAbort } from '../backend/abort-reason.js';

/** What a rank needs to take part. */
export interface RankTaskOptions {
  readonly lease: Lease;
  readonly attempt: number;
  /** Default deadline of collectives in milliseconds; null: none. */
  readonly timeoutMs: number | null;
  readonly poison: boolean;
  /** Longest encoded value that is posted; default: any. */
  readonly maxMessageBytes?: number;
  /** Send an encoded value to the driver; false: there is no room for it now. Default: nobody takes anything. */
  readonly post?: (value: Uint8Array) => boolean;
}

/** Lives from the assignment until the rank has released the lease. */
export class RankTask {
  readonly scope: TaskScope;
  readonly group: Group;
  /** Calls that were in flight when the function ended; the first few. */
  inFlight: readonly InFlightCall[] = [];
  readonly #engine: RankEngine;
  readonly #runtime: Runtime;
  readonly #collective: GroupCollective;
  /** Made when the task asks for its signal; most never do. */
  #controller: AbortController | undefined;
  #cancelled: { readonly reason: unknown } | undefined;
  readonly #rank: number;
  readonly #options: RankTaskOptions;
  /** Values that there was no room for. */
  #refused = 0;
  #isClosed = false;
  #hasBegun = false;
  /** Code outside the task's async context belongs to it too: the thread runs one task at a time. */
  readonly #ownsThread: boolean;

  constructor(engine: RankEngine, runtime: Runtime, options: RankTaskOptions, ownsThread = true) {
    const { lease, attempt, timeoutMs, poison } = options;
    this.#ownsThread = ownsThread;
    this.#options = options;
    this.#engine = engine;
    this.#runtime = runtime;
    this.#rank = lease.rank;
    engine.recorder.beginTask(lease.lease);
    this.group = Group.ofTask(engine, lease);
    this.#collective = new GroupCollective(this.group, timeoutMs ?? Infinity, poison);
    const collective = this.#collective;
    const getSignal = (): AbortSignal => this.#signal();
    const self = lease.members[lease.rank];
    let log: TaskScope['context']['log'] | undefined;
    this.scope = {
      collective,
      context: {
        rank: lease.rank,
        size: lease.members.length,
        worldRank: engine.backend.worldRank,
        localRank: self?.localRank ?? 0,
        node: self?.node ?? '',
        taskId: lease.taskId,
        attempt,
        get signal() {
          return getSignal();
        },
        post: (value) => runForCaller(() => this.#post(value)),
        get log() {
          return (log ??= createLogger({ task: lease.taskId, rank: lease.rank }));
        },
        get collectiveMs() {
          return collective.elapsedMs;
        },
      },
    };
  }

  /** Run the function inside the task; resolves when it has ended and no call of this rank is under way. */
  async run<R>(call: () => R): Promise<Awaited<R>> {
    if (this.#ownsThread) this.#runtime.running = this.scope;
    try {
      const { recorder } = this.#engine;
      this.#hasBegun = true;
      recorder.enter('running');
      const value = await this.#runtime.storage.run(this.scope, async () => {
        try {
          const returned = await call();
          recorder.enter('returned');
          return returned;
        } catch (error) {
          recorder.enter('threw');
          throw error;
        } finally {
          this.inFlight = this.group.inFlight.slice(0, maxCalls);
        }
      });
      // A collective that nobody awaited still belongs to the task.
      await this.#engine.idle();
      this.#noteUnreceived();
      return value;
    } finally {
      if (this.#runtime.running === this.scope) this.#runtime.running = undefined;
    }
  }

  /** What the head is to say of this rank's part, however it ended. */
  get remarks(): Pick<Extract<Outcome, { kind: 'threw' }>, 'inFlight' | 'refused' | 'collectives'> {
    return { inFlight: this.inFlight, refused: this.#refused, collectives: this.#collectives };
  }

  /** Undefined: none was called, and no message was sent or received. */
  get #collectives(): CollectiveUse | undefined {
    const { calls, bytes, time } = this.#collective.calls.ofTask;
    const { elapsedMs, movedMs, reducedMs } = time;
    return calls === 0 && elapsedMs === 0 ? undefined : { calls, bytes, elapsedMs, movedMs, reducedMs };
  }

  /** @throws {@link NotAwaitedError} when calls were in flight as the function returned. */
  assertAwaited(): void {
    const { inFlight: calls, group } = this;
    if (calls.length === 0) return;
    const text = `task ${group.taskId}: its function returned on rank ${group.rank} while ${inFlightText(calls)}`;
    throw new NotAwaitedError(text, { taskId: group.taskId, rank: group.rank, calls });
  }

  /** Abort `context.signal`, whose listeners run as this rank; collectives are ended by the abort word, not by this. */
  cancel(reason: unknown): void {
    this.#cancelled ??= { reason };
    this.#runtime.storage.run(this.scope, () => this.#controller?.abort(reason));
  }

  /** The rank's function has returned: announce it. Returns what the head compares. */
  finish(): { sequence: number; sent: number; received: number; aborted: boolean } {
    this.group.finish();
    // Once more: whoever sends from now on finds that this rank has returned.
    this.#noteUnreceived();
    const { sent, received } = this.group.channel.traffic;
    return { sequence: this.group.sequence, sent, received, aborted: this.group.abortReason() !== undefined };
  }

  /** The rank failed: leave its error for the peers and fail the group on all of them. */
  fail(error: unknown): void {
    if (this.#hasBegun) this.#engine.recorder.enter('threw');
    this.group.channel.leaveFault(encodeError(error));
    this.group.abort(encodeAbort('peerFailed', this.#rank));
  }

  /** Release the lease: later calls reject with ERR_SHOAL_CLOSED, arrays are freed. */
  close(): void {
    this.#isClosed = true;
    if (this.#runtime.running === this.scope) this.#runtime.running = undefined;
    this.group.close();
    this.#collective.releaseArrays();
  }

  #noteUnreceived(): void {
    const calls = this.inFlight.filter(({ sequence }) => sequence !== 0);
    const messages = this.group.unreceived.map((operation) => ({ operation, sequence: 0, at: undefined }));
    this.inFlight = [...calls, ...messages].slice(0, maxCalls);
  }

  #signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#cancelled) this.#controller.abort(this.#cancelled.reason);
    }
    return this.#controller.signal;
  }

  #post(value: unknown): boolean {
    const { lease, maxMessageBytes = Infinity, post } = this.#options;
    const { taskId } = lease;
    if (this.#isClosed) {
      throw new ClosedError(`context.post: task ${taskId} has ended; await what posts before its function returns`, {
        taskId,
      });
    }
    const encoded = encodeValue(value, 'value');
    if (encoded.length > maxMessageBytes) {
      throw new MessageTooLargeError(
        `context.post: the value takes ${encoded.length} bytes, more than maxMessageBytes (${maxMessageBytes}); post less, ` +
          `or launch with a larger maxMessageBytes`,
        { sizeBytes: encoded.length, maxMessageBytes },
      );
    }
    if (!post) return false;
    const isSent = post(encoded);
    if (!isSent) this.#refused++;
    return isSent;
  }
}
