/** A task thread as the control side holds it. */
import { clearTimeout, setTimeout } from '../clock.js';
import { threadCpuMs } from '../native/proc.js';
import type { ThreadSettings } from '../protocol/control-messages.js';
import { movable } from '../protocol/long-bytes.js';
import type { AssignMessage, FromThread, GiveMessage, GoneOutcome, ToThread } from '../protocol/thread-messages.js';
import type { HostWindow, NodeWindow } from '../backend/window/node-window.js';
import type { MpiWire } from '../backend/wire/mpi-messages.js';
import type { RecordMemory } from '../records/record-layout.js';
import type { Awakener } from './awake.js';
import { GivenTasks } from './given-tasks.js';
import { heapWord, readHeap } from './heap-use.js';
import { logPath } from './log-file.js';
import type { MailboxKeeper } from './mailbox-keeper.js';
import type { PrivateThread, ThreadPart } from './private-thread.js';
import { encodeError } from '../protocol/error-value.js';
import { PostsUnderWay } from './posts-under-way.js';

/** How to start threads; all filled. */
export interface ThreadOptions {
  readonly startTimeoutMs: number;
  readonly threads: ThreadSettings;
  /** Set where the ranks share no memory. */
  readonly wire: MpiWire | undefined;
  /** Arguments have come from another process for one thread alone: they are moved to it, and not copied. */
  readonly movesArguments: boolean;
  /** Threads wait awake for tasks that come soon: their driver is a thread of the same process. */
  readonly staysAwake: boolean;
}

/** What it says that is not of its own start and modules. */
export type ThreadReport = Exclude<FromThread, { type: 'ready' | 'loaded' | 'loads' }>;

/** How long the end of a thread waits for its start, on a machine with more to do than cores. */
const startLimitMs = 5_000;
/** How long it waits for a task's module: code of the user runs while that loads. */
const moduleLimitMs = 3_000;

interface ThreadEvents {
  started(): void;
  message(message: ThreadReport): void;
  dropped(why: string): void;
  exited(how: GoneOutcome): void;
}

/** Never restarts. */
export class TaskThread {
  ready = false;
  /** Its number in /proc; 0 where there is none. */
  #number = 0;
  /** What it loads: itself, and modules of tasks. Node leaves files open for good when a thread is ended meanwhile. */
  #loads = 1;
  #loadLimit: NodeJS.Timeout | undefined;
  /** Modules that it has loaded, or loads. */
  readonly #modules = new Set<string>();
  readonly #movesArguments: boolean;
  /** Ended by us: no crash. */
  ending = false;
  gone = false;
  /** An error that no code of it caught; whatever was thrown. */
  error: unknown;
  /** That of the task that it runs, or ran last. */
  lease = 0;
  /** Its last task that came in a mailbox. */
  #mailed = 0;
  /** An error escaped in it outside its task: to be replaced when the task it has, if any, has ended. */
  stale = false;
  readonly given: GivenTasks = new GivenTasks();
  /** What the task of its lease has posted and the driver has not taken. */
  readonly posts: PostsUnderWay = new PostsUnderWay();
  /** What it uses; undefined: its process says that. */
  readonly #heap: Float64Array | undefined;
  /** The window that it has joined. */
  readonly node: NodeWindow;
  readonly #thread: PrivateThread;
  /** That it takes tasks from by itself. */
  #mailbox: MailboxKeeper | undefined;
  readonly #awakener: Awakener | undefined;
  /** Resolves when the thread before it on this worker is gone; undefined once it is. */
  #predecessor: Promise<void> | undefined;

  /** @param thread - That has no boot yet; this gives it one. */
  constructor(
    thread: PrivateThread,
    worldRank: number,
    window: HostWindow,
    options: ThreadOptions,
    records: RecordMemory,
    awakener: Awakener | undefined,
    events: ThreadEvents,
  ) {
    const { logDir } = options.threads;
    this.node = window.node;
    this.#awakener = awakener;
    this.#movesArguments = options.movesArguments;
    this.#heap = options.staysAwake ? heapWord() : undefined;
    const boot: ThreadPart = {
      window: window.node.handle,
      seal: window.node.seal,
      bells: window.bells,
      posts: this.posts.counts,
      ahead: this.given.words,
      heap: this.#heap,
      awake: awakener && { memory: awakener.memory, index: awakener.index },
      wire: options.wire,
      worldRank,
      records,
      output: { stdout: 1, stderr: 2, label: 'task', log: logDir && logPath(logDir, worldRank) },
      script: undefined,
    };
    this.#thread = thread;
    thread.begin(boot, {
      message: (message) => {
        if (message.type === 'loaded') this.#loaded();
        else if (message.type === 'loads') this.#loading(message.url);
        else if (message.type !== 'ready') {
          this.#findTask();
          events.message(message);
        } else if (!this.ready) {
          this.ready = true;
          this.#number = message.thread;
          this.#loaded();
          events.started();
        }
      },
      dropped: (why) => {
        events.dropped(why);
      },
      failed: (error) => {
        this.error = error;
      },
      exited: (exitCode) => {
        this.gone = true;
        awakener?.gone();
        clearTimeout(this.#loadLimit);
        this.#leaveMailbox();
        events.exited(this.#howGone(exitCode));
      },
    });
  }

  /** Resolves when the thread is gone. */
  get exit(): Promise<void> {
    return this.#thread.exit;
  }

  /** Lease of the last task that it was given, also in a mailbox; 0: of none. */
  get ran(): number {
    return Math.max(this.lease, this.#mailed);
  }

  /** Take another thread's place: messages wait until that one is gone, since both use the same part of the window. */
  follow(old: TaskThread | undefined): void {
    this.#predecessor = old?.exit.then(() => {
      this.#predecessor = undefined;
    });
  }

  /** Has a task whose outcome is still to come. */
  get busy(): boolean {
    return this.given.isBusy;
  }

  /** Give it a task; `isAhead`: one that it begins with when it has ended what it runs. */
  assign(task: AssignMessage, isAhead: boolean): void {
    const message = this.given.add(task, isAhead);
    this.posts.reset(message.turn);
    this.#turnTo(this.given.first);
    this.post(message);
  }

  /** False: it has begun with that task, or never had it. */
  takeBack(lease: number): boolean {
    const isTaken = this.given.takeBack(lease);
    // It may have been the first, with which a thread that has taken another's place had not begun.
    if (isTaken) this.#turnTo(this.given.first);
    return isTaken;
  }

  /** Take back what it has not begun with; its tasks, in their order. */
  takeBackAll(): AssignMessage[] {
    const taken = this.given.takeBackAll();
    this.#turnTo(this.given.first);
    return taken;
  }

  /** It has ended the task of its lease, and goes on with the next. */
  ended(): void {
    this.given.shift();
    this.#turnTo(this.given.first);
    this.#mailbox?.ended();
  }

  /** Whether it has loaded a module, or loads it. */
  knows(url: string): boolean {
    return this.#modules.has(url);
  }

  /** Receive what it has said, now. */
  drain(): void {
    this.#thread.drain();
  }

  post(message: ToThread): void {
    this.#whenAlone(() => {
      this.#post(message);
    });
  }

  /** Let it take tasks from a mailbox. @param attached - Called when it does. */
  attach(mailbox: MailboxKeeper, attached: () => void): void {
    this.#whenAlone(() => {
      if (this.ending || this.gone) return;
      this.#mailbox = mailbox;
      this.#post(mailbox.attach());
      attached();
    });
  }

  /** Milliseconds that it has run on a core; undefined before it is ready and when it is gone. */
  get cpuMs(): number | undefined {
    return this.#number === 0 || this.gone ? undefined : threadCpuMs(this.#number);
  }

  /** Bytes of its JavaScript heap and of what its arrays hold outside; undefined: it has not said so, or is gone. */
  get heapBytes(): number | undefined {
    return this.gone ? undefined : readHeap(this.#heap);
  }

  /** Whether the thread keeps the process alive. */
  keepAlive(active: boolean): void {
    this.#thread.keepAlive(active);
  }

  /** End the thread by force; when it has loaded what it loads, or after a while. */
  end(): void {
    if (this.ending) return;
    this.ending = true;
    this.#leaveMailbox();
    if (this.#loads === 0) {
      this.#thread.terminate();
      return;
    }
    this.#loadLimit = setTimeout(
      () => {
        this.#thread.terminate();
      },
      this.ready ? moduleLimitMs : startLimitMs,
    );
  }

  #post(message: ToThread): void {
    if (message.type === 'give') this.#loading(message.task.source.url);
    this.#thread.post(
      message,
      this.#movesArguments && message.type === 'give' ? movable(message.task.args) : undefined,
    );
    this.#awakener?.posted();
  }

  #turnTo(first: GiveMessage | undefined): void {
    if (!first) return;
    this.lease = first.task.lease.lease;
    this.posts.turn = first.turn;
  }

  #whenAlone(act: () => void): void {
    if (this.#predecessor) void this.#predecessor.then(act);
    else act();
  }

  /** It says something: if it runs a task from its mailbox, that is what it speaks of. */
  #findTask(): void {
    this.#learn(this.#mailbox?.note());
  }

  #learn(message: AssignMessage | undefined): void {
    if (!message) return;
    if (message.lease.lease === this.given.first?.task.lease.lease) return;
    this.given.note(message);
    this.#turnTo(this.given.first);
  }

  #leaveMailbox(): void {
    this.#learn(this.#mailbox?.hold());
    this.#mailed = this.#mailbox?.ran ?? this.#mailed;
    this.#mailbox = undefined;
  }

  #loading(url: string): void {
    if (this.#modules.has(url)) return;
    this.#modules.add(url);
    this.#loads++;
  }

  #loaded(): void {
    if (--this.#loads === 0 && this.ending) this.#thread.terminate();
  }

  #howGone(exitCode: number): GoneOutcome {
    if (this.ending) return { kind: 'ended' };
    if (this.error === undefined) return { kind: 'exited', exitCode };
    return { kind: 'died', error: encodeError(this.error, Infinity) };
  }
}
