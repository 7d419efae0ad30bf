/** The mailboxes of the workers of one job on this node: the memory that holds them, and the doorbell for outcomes. */
import type { Socket } from 'node:net';
import type { OsAddon } from '../native/os.js';
import { watchBell } from '../native/watch-bell.js';
import type { MailboxMessage } from '../protocol/control-messages.js';
import { mailboxBytes } from '../protocol/mail-tray.js';
import { WorkerMailbox } from './worker-mailbox.js';

/** One per job; made when a worker registers that can use one. */
export class Mailboxes {
  readonly #os: OsAddon;
  readonly #memory: WebAssembly.Memory;
  readonly #open = new Set<WorkerMailbox>();
  /** Notified by the task threads. The writing end stays open: they open it through `/proc`. */
  readonly #bell: Socket;
  readonly #writeEnd: number;
  readonly #descriptors = new Set<number>();

  /** @param workers - Of the job. @param filled - An outcome may have come. */
  constructor(os: OsAddon, workers: number, filled: () => void) {
    this.#os = os;
    this.#memory = new WebAssembly.Memory({ initial: workers, maximum: workers, shared: true });
    const [readEnd, writeEnd] = os.createDoorbell();
    this.#writeEnd = writeEnd;
    this.#descriptors.add(writeEnd);
    this.#bell = watchBell(readEnd, () => {
      for (const mailbox of this.#open) mailbox.notified();
      filled();
    });
  }

  /**
   * Make the mailbox of a worker, and say what its process needs to map it; undefined where the system allows no more
   * descriptors or memory.
   */
  add(worldRank: number): { mailbox: WorkerMailbox; message: MailboxMessage } | undefined {
    try {
      return this.#add(worldRank);
    } catch {
      return undefined;
    }
  }

  #add(worldRank: number): { mailbox: WorkerMailbox; message: MailboxMessage } {
    const os = this.#os;
    const segment = os.createSegment(mailboxBytes);
    this.#descriptors.add(segment);
    const offset = worldRank * mailboxBytes;
    os.mapSegment(new Uint8Array(this.#memory.buffer), offset, mailboxBytes, segment);
    const [readEnd, writeEnd] = os.createDoorbell();
    this.#descriptors.add(readEnd).add(writeEnd);
    const mailbox = new WorkerMailbox(this.#memory.buffer as unknown as SharedArrayBuffer, offset, () => {
      os.ringDoorbell(writeEnd);
    });
    this.#open.add(mailbox);
    const message: MailboxMessage = {
      type: 'mailbox',
      pid: process.pid,
      segment,
      tasksBell: readEnd,
      outcomesBell: this.#writeEnd,
    };
    return { mailbox, message };
  }

  /** When all processes are gone. */
  close(): void {
    this.#bell.destroy();
    this.#open.clear();
    for (const descriptor of this.#descriptors) this.#os.closeDescriptor(descriptor);
    this.#descriptors.clear();
  }
}

/** Mailboxes for so many workers; undefined where the system does not allow them. */
export function openMailboxes(os: OsAddon, workers: number, filled: () => void): Mailboxes | undefined {
  try {
    return new Mailboxes(os, workers, filled);
  } catch {
    return undefined;
  }
}
