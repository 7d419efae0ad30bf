/** What a node manager keeps of one worker of its node, or of the agent. */
import type { Connection } from '../protocol/connection.js';
import type { FromRank, ToRank } from '../protocol/control-messages.js';
import type { WorkerMailbox } from './worker-mailbox.js';
import { WorkerRecord } from './worker-record.js';
import type { WorkerWatch } from './worker-watch.js';

/** In the table under its start-up token. */
export class WorkerEntry extends WorkerRecord {
  readonly watch: WorkerWatch;
  /** Undefined until it has connected: its row may come first. */
  connection: Connection<FromRank, ToRank> | undefined;
  /** For tasks and outcomes; undefined: they go over the connection. */
  mailbox: WorkerMailbox | undefined;
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>;
  /** Shared-memory files that MPI made for it. */
  files: readonly string[] = [];
  #end!: () => void;

  constructor(watch: WorkerWatch) {
    super(watch.row);
    this.watch = watch;
    this.gone = new Promise((resolve) => (this.#end = resolve));
  }

  /** The process is gone. */
  end(): void {
    this.living = false;
    this.#end();
  }
}
