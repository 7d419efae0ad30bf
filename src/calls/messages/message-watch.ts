/**
 * Message calls that wait: the others are told of the oldest one, a warning tells of those that wait for long, and a
 * deadline says who waits for whom.
 */
import { encodeAbort } from '../../backend/abort-reason.js';
import type { Carrier } from '../../backend/carrier.js';
import { CollectiveTimeoutError } from '../../errors.js';
import { counted } from '../../grammar.js';
import { encodeError } from '../../protocol/error-value.js';
import type { ArrivedMessages } from './arrived-messages.js';
import type { CallGroup } from '../call-group.js';
import { warnAfterMs } from '../failures.js';
import type { MessageRequest } from './message-request.js';
import { MessageRoom } from './message-room.js';
import { listIn } from '../offer-words.js';
import { cycleCure, isOfGroup, whoWaits } from './who-waits.js';

/** After this time of waiting a rank tells the others what it waits for. */
const tellAfterMs = 50;

/** Owned by the messages of a group. */
export class MessageWatch {
  readonly #group: CallGroup;
  readonly #carrier: Carrier;
  readonly #arrived: ArrivedMessages;
  readonly #room: MessageRoom;
  /** Of which others were told. */
  #told: MessageRequest | undefined;
  /** As others were told. */
  #lacksRoom = false;

  constructor(group: CallGroup, carrier: Carrier, arrived: ArrivedMessages) {
    this.#group = group;
    this.#carrier = carrier;
    this.#arrived = arrived;
    this.#room = new MessageRoom(group.rank, carrier, arrived);
  }

  /**
   * Tell and warn of what is due.
   *
   * @param open - Calls that wait, oldest first, all before their deadlines.
   * @returns Milliseconds until the next deadline, or until there is something to tell.
   */
  check(open: readonly MessageRequest[], now: number, warn: (message: string) => void): number {
    let next = Infinity;
    const [oldest] = open;
    let isLong = false;
    for (const request of open) {
      const warnsAfter = warnsIn(request, now);
      isLong ||= warnsAfter <= 0;
      next = Math.min(next, request.deadline - now, warnsAfter <= 0 ? Infinity : warnsAfter);
    }
    if (isLong) this.#warnOfLong(open, now, warn);
    if (oldest && (oldest !== this.#told || this.#lacksRoomFor(oldest) !== this.#lacksRoom)) {
      const tellAt = oldest.startedAt + Math.min(tellAfterMs, oldest.timeoutMs / 2);
      if (tellAt <= now) this.#tell(oldest);
      else next = Math.min(next, tellAt - now);
    }
    return next;
  }

  /** A call has ended: others need not hear of it any more. */
  ended(request: MessageRequest): void {
    if (this.#told !== request) return;
    this.#told = undefined;
    this.#carrier.setWaiting(undefined);
  }

  /** A call has passed its deadline: the group fails on every rank, with who waits for whom. */
  expire(request: MessageRequest): void {
    const group = this.#group;
    const { text, cycle, missing } = whoWaits(group, this.#carrier, this.#room, request.waiting);
    const lists = isOfGroup(request.waiting) ? this.#otherLists() : '';
    const error = new CollectiveTimeoutError(
      `${request.text} passed its deadline on rank ${group.rank}: ${text}${lists}. ` +
        (cycle
          ? `${cycleCure}. The group has failed; go on in a new task.`
          : 'The group has failed; go on in a new task, or pass a longer timeoutMs.'),
      {
        missing: missing.flatMap((rank) => {
          const member = group.members[rank];
          return member ? [{ ...member, lastCompleted: 'none' }] : [];
        }),
        cycle,
        rank: group.rank,
        taskId: group.taskId,
      },
    );
    group.channel.leaveFault(encodeError(error));
    group.abort(encodeAbort('timeout', group.rank));
  }

  /** One warning for all that wait for so long by now. */
  #warnOfLong(open: readonly MessageRequest[], now: number, warn: (message: string) => void): void {
    const long = open.filter((request) => warnsIn(request, now) <= 0);
    const [first, ...others] = long;
    if (!first) return;
    for (const request of long) request.warned = true;
    const { taskId, rank } = this.#group;
    const { text, cycle } = whoWaits(this.#group, this.#carrier, this.#room, first.waiting);
    const seconds = Math.round((now - first.startedAt) / 1000);
    const more = others.length > 0 ? `, and in ${counted(others.length, 'further call')}` : '';
    const cure = cycle ? `. ${cycleCure}` : '';
    warn(`task ${taskId}: rank ${rank} has waited ${seconds} s in ${first.text}${more}: ${text}${cure}`);
  }

  #tell(request: MessageRequest): void {
    this.#told = request;
    this.#lacksRoom = this.#lacksRoomFor(request);
    this.#carrier.setWaiting({ ...request.waiting, lacksRoom: this.#lacksRoom });
  }

  /** Messages to the rank that a request waits for wait here. */
  #lacksRoomFor({ waiting: { peer } }: MessageRequest): boolean {
    return peer !== undefined && this.#room.lacksAt(peer);
  }

  /** What others gave to `group` that this rank has not called so. */
  #otherLists(): string {
    const texts = this.#arrived.all.flatMap((incoming) => {
      if (incoming.tag >= 0) return [];
      const words = new Float64Array(incoming.sizeBytes / Float64Array.BYTES_PER_ELEMENT);
      if (incoming.take(words) !== 'complete') return [];
      return [`; rank ${incoming.source} called group([${listIn(words).join(', ')}])`];
    });
    return texts.join('');
  }
}

/** Milliseconds until a warning says that it waits. */
function warnsIn({ startedAt, warned }: MessageRequest, now: number): number {
  return startedAt === 0 || warned ? Infinity : startedAt + warnAfterMs - now;
}
