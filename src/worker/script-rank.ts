/** A rank of a world that runs a script. */
import { noteIn } from './note-in.js';
import { clearInterval, setInterval } from '../clock.js';
import type { FromRank, ScriptSettings } from '../protocol/control-messages.js';
import type { Endpoint } from '../backend/wire/endpoint.js';
import type { JoinedJob } from './join-job.js';
import { worldMembers } from './members.js';
import { openEndpoint } from './rank-engine.js';
import type { JoinedRank, RankMessage } from './joined-rank.js';
import type { PrivateThread } from './private-thread.js';
import { ScriptThread } from './script-thread.js';

/** How often the wire is polled for what the script has sent last. */
const pollMs = 5;

/** Starts once. */
export class ScriptRank implements JoinedRank {
  readonly job: JoinedJob;
  readonly #script: ScriptSettings;
  readonly #registered: FromRank;
  readonly #send: (message: FromRank) => void;
  #thread: ScriptThread | undefined;
  #poll: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(job: JoinedJob, script: ScriptSettings, registered: FromRank, send: (message: FromRank) => void) {
    this.job = job;
    this.#script = script;
    this.#registered = registered;
    this.#send = send;
  }

  start(thread: PrivateThread): Promise<void> {
    const { rank, rows, wire } = this.job;
    // Before it is registered: what stands in its way, such as the place of its output, is a failure of the start.
    this.#thread = new ScriptThread(rank, worldMembers(rows), this.job, this.#script, thread, {
      exited: (exit) => {
        this.#send({ type: 'exited', ...exit });
        if (wire) this.#seeThrough(openEndpoint(rank, wire.world, wire));
      },
      readerGone: () => undefined, // it is mpiexec, whose end the head sees
    });
    this.#send(this.#registered);
    return Promise.resolve();
  }

  receive(message: RankMessage): void {
    if (message.type === 'cancel') this.#thread?.cancel(message);
    else if (message.type === 'end') this.#thread?.terminate();
    else if (message.type === 'records') noteIn(message, (memory) => this.#thread?.noteIn(memory));
  }

  settle(): void {
    // Everything comes over the socket.
  }

  close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#poll);
    this.#thread?.terminate();
    return Promise.resolve();
  }

  async leaveMpi(): Promise<void> {
    await this.job.finalize();
  }

  /** What the thread sent last, before it ended, must leave: MPI makes progress only while somebody polls. */
  #seeThrough(endpoint: Endpoint): void {
    if (this.#closing) return;
    this.#poll = setInterval(() => {
      endpoint.poll();
      if (endpoint.quiet) clearInterval(this.#poll);
    }, pollMs);
  }
}
