/** Entry of a task thread: runs user code, one task at a time, and nothing else. */
import { installRuntime } from '../collective/scope.js';
import { setImmediate } from '../clock.js';
import { environment } from '../env.js';
import { ownThread } from '../native/proc.js';
import {
  ExportNotFoundError,
  MessageTooLargeError,
  ModuleNotFoundError,
  NotSerializableError,
  ShoalError,
  WindowDamagedError,
} from '../errors.js';
import { show } from '../show.js';
import type { Encoded } from '../protocol/encoded.js';
import { decode, encode } from '../protocol/encoded.js';
import { movable } from '../protocol/long-bytes.js';
import type {
  AssignMessage,
  AttachMessage,
  FromThread,
  GiveMessage,
  Outcome,
  ToThread,
} from '../protocol/thread-messages.js';
import { decodeValue } from '../protocol/values.js';
import { findOs, loadOs } from '../native/os.js';
import { Telemetry } from '../telemetry/telemetry.js';
import { Awake } from './awake.js';
import { GangState } from './gang-state.js';
import { takeAhead } from './given-tasks.js';
import { tellHeap } from './heap-use.js';
import { loadTask } from './load-module.js';
import { installOutput } from './output.js';
import { takePrivateBoot } from './private-port.js';
import { createEngine } from './rank-engine.js';
import { encodeError } from '../protocol/error-value.js';
import { inRankSpan } from './rank-span.js';
import { PostsUnderWay } from './posts-under-way.js';
import { RankTask } from './rank-task.js';
import { runScript } from './script.js';
import { ThreadMailbox } from './thread-mailbox.js';
import { WorkerValues } from './worker-values.js';

/** What a disk says that takes no more. */
const noRoom = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

// Before any user code.
const { boot, port } = takePrivateBoot();

const poison = environment().debug;
const runtime = installRuntime();
runtime.worker = true;
const output = installOutput(
  boot.output,
  () => {
    const context = runtime.running?.context;
    if (boot.output.label === 'rank') return `${boot.worldRank} | `;
    return context ? `${context.taskId}/${context.rank} | ` : `worker ${boot.worldRank} | `;
  },
  ({ code = '', message }) => {
    if (noRoom.has(code)) {
      const who = `${boot.script ? 'rank' : 'worker'} ${boot.worldRank}`;
      port.send({ type: 'warning', message: `what ${who} prints is lost from now on: ${message}` });
    }
    // A task does not end with its reader: its result is what it is there for.
    if (code === 'EPIPE' && boot.script) port.send({ type: 'readerGone' });
  },
);
const { engine, node } = createEngine(boot, {
  warn: (message) => {
    tell({ type: 'warning', message });
  },
  reportStuck: (group, rank) => {
    tell({ type: 'stuck', lease, taskId: group.taskId, rank });
  },
});

const telemetry = new Telemetry((message) => {
  tell({ type: 'warning', message });
});
const values = new WorkerValues(boot.worldRank, engine.backend.arrays, poison);

/** The task under way, and whether its outcome is still to be sent. */
let current: RankTask | undefined;
/** From the beginning of a task until its outcome is sent; for good, when the thread is to be ended then. */
let isRunning = false;
/** An error escaped outside a task: it begins with nothing that was given ahead. */
let isStale = false;
/** What was given ahead, and what was said of it. */
const waiting: ToThread[] = [];
let taskId = '';
/** The one it was given with, its slot, and its ranks. */
let lease = 0;
let slot = 0;
let ranks = 0;
/** Where tasks come that the control thread does not see; undefined: there is none. */
let mailbox: ThreadMailbox | undefined;
/** The task under way has come there, and nothing was told of it elsewhere: what would follow that, follows there. */
let isMailed = false;
/** A module could not be loaded: Node keeps what it has of it, and gives parts of it to whoever imports them next. */
let isSpoilt = false;
/** What it has in memory of the gang of its task. */
const gangState = new GangState();
/** Those that were loaded, or could not be. */
const modules = new Set<string>();

/** What keeps this thread alive. User code may replace the method. Node calls it experimental, and 20.19 has it. */
// eslint-disable-next-line n/no-unsupported-features/node-builtins -- see above
const resources = process.getActiveResourcesInfo.bind(process);
const os = boot.awake && findOs();
const awake =
  boot.awake &&
  new Awake<ToThread>(boot.awake.memory, boot.awake.index, {
    // The port of the control side is all that there is.
    isQuiet: () => resources().length <= 1,
    take: () => port.take(),
    handle,
    yieldCore:
      os &&
      (() => {
        os.yieldCore();
      }),
  });

/** False: no room for it. */
const posts = new PostsUnderWay(boot.posts);
function post(value: Uint8Array): boolean {
  if (!posts.add(value.length)) return false;
  tell({ type: 'posted', lease, value });
  return true;
}

/** Say something to the control thread, in the order of all that is said. */
function tell(message: FromThread, moved?: readonly ArrayBuffer[]): void {
  isMailed = false;
  port.send(message, moved);
}

type Origin = Extract<Outcome, { kind: 'threw' }>['origin'];

/**
 * How a rank's part of a task ended with an error. Overwritten memory is the error, whatever else was thrown because of
 * it.
 */
function threw(thrown: unknown, origin: Origin, task: RankTask, replaceThread = false): Outcome {
  const damage = task.group.damage();
  if (damage && damage !== thrown) damage.cause ??= thrown;
  // Nothing more is written to such memory; its other ranks are ended from outside.
  if (!damage) task.fail(thrown);
  const error = encodeError(damage ?? thrown, Infinity);
  return { kind: 'threw', error, origin, replaceThread, ...task.remarks, damage: damage?.where };
}

function sendOutcome(outcome: Outcome): void {
  output.flush();
  if (outcome.kind === 'returned') {
    if (mailbox && isMailed && mailbox.answer({ type: 'outcome', taskId, outcome, emptied: emptySlot() })) return;
    tell({ type: 'outcome', lease, taskId, outcome }, movable(outcome.value));
    return;
  }
  tell({ type: 'outcome', lease, taskId, outcome });
}

/** Of a task of this rank alone; of others the head knows when all have released it. */
function emptySlot(): number | undefined {
  if (ranks !== 1) return undefined;
  node.clear(slot);
  return slot;
}

/** A thread that is to be replaced lets what it has told its peers leave first: later nobody polls for it. */
async function sendLast(outcome: Outcome): Promise<void> {
  if (outcome.kind === 'threw' && outcome.replaceThread) await engine.quiet();
  sendOutcome(outcome);
}

async function begin(message: AssignMessage): Promise<void> {
  isRunning = true;
  awake?.begin();
  const outcome = await run(message);
  // An error that escaped came first and was reported: this thread is about to be ended.
  if (!outcome) return;
  await sendLast(outcome);
  if (outcome.kind === 'threw' && outcome.replaceThread) return;
  isRunning = false;
  awake?.end();
  // Whatever the task has left comes before the next one.
  setImmediate(goOn);
}

/** How a rank's part of a task ends; undefined: that has been told. */
async function run(message: AssignMessage): Promise<Outcome | undefined> {
  const { lease: given, attempt, timeoutMs, maxMessageBytes } = message;
  ({ taskId, lease, slot } = given);
  ranks = given.members.length;
  const options = { lease: given, attempt, timeoutMs, poison, maxMessageBytes, post };
  let task: RankTask;
  try {
    task = new RankTask(engine, runtime, options);
  } catch (error) {
    const damage = error instanceof WindowDamagedError ? error.where : undefined;
    return { kind: 'threw', error: encodeError(error), origin: 'task', replaceThread: false, damage };
  }
  current = task;
  let origin: Origin = 'gang';
  let outcome: Outcome;
  try {
    gangState.enter(message.gang ?? undefined);
    origin = 'load';
    const fn = await load(message);
    const { references } = message;
    if (references) values.forget(references.forget);
    const resolve = references && values.resolver(references.places);
    const args = decode(message.args, { resolve }) as unknown[];
    origin = 'task';
    const result = await task.run(() => inRankSpan(telemetry, message, task, () => fn(...args)));
    origin = 'result';
    if (message.unawaited === 'error') task.assertAwaited();
    const value = ofResult(message, () => {
      if (references?.keep) values.keep(lease, result);
      return encodeResult(references?.keep ? undefined : result, maxMessageBytes);
    });
    outcome = { kind: 'returned', value, ...task.finish(), ...task.remarks };
    const damage = task.group.damage();
    if (damage) throw damage;
  } catch (error) {
    if (origin === 'gang') tellLoaded(message.source.url);
    if (current !== task) return undefined;
    if (message.references?.keep) values.forget({ shared: [], leases: [given.lease] });
    outcome = threw(error, origin, task, isSpoilt);
  }
  if (current !== task) return undefined;
  current = undefined;
  task.close();
  return outcome;
}

/**
 * Load the task's function, or what it does with an actor: outside the task, so that top-level code of the module cannot depend on which came first.
 */
async function load({ source, actor }: AssignMessage): Promise<(...args: unknown[]) => unknown> {
  try {
    if (actor) return await gangState.step(actor, source, boot.foreignLoader);
    return await loadTask(source, boot.foreignLoader);
  } catch (error) {
    isSpoilt = !(error instanceof ModuleNotFoundError || error instanceof ExportNotFoundError);
    throw error;
  } finally {
    tellLoaded(source.url);
  }
}

/** Of each module once. */
function tellLoaded(url: string): void {
  if (!modules.has(url)) port.send({ type: 'loaded' });
  modules.add(url);
}

function openMailbox(message: AttachMessage): ThreadMailbox {
  return new ThreadMailbox(loadOs(), message, {
    bind: ({ lease: given }) => {
      node.bind(given.slot, given.lease);
    },
    run: (assignment) => {
      const { url } = assignment.source;
      if (!modules.has(url)) port.send({ type: 'loads', url });
      isMailed = true;
      posts.turn = 0;
      void begin(assignment);
    },
  });
}

/** Whose result cannot go to the driver. */
function ofResult<T>({ lease: { taskId: id, rank }, source }: AssignMessage, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof NotSerializableError)) throw error;
    const { message, path, cause } = error;
    const text = `task ${id}, rank ${rank}, ${show(source.exportName)}: ${message}`;
    throw new NotSerializableError(text, { path }, cause === undefined ? {} : { cause });
  }
}

function encodeResult(result: unknown, maxMessageBytes: number): Encoded {
  const value = encode(result, 'result');
  if (value.length <= maxMessageBytes) return value;
  throw new MessageTooLargeError(
    `the result takes ${value.length} bytes, more than maxMessageBytes (${maxMessageBytes}); return less, write it to a ` +
      `file, or launch with a larger maxMessageBytes`,
    { sizeBytes: value.length, maxMessageBytes },
  );
}

/** An error that no task code caught: the thread's state is unknown, so it is replaced. */
function escaped(error: unknown): void {
  if (isSpoilt) return; // Node may report each file on the way to the one that failed
  const task = current;
  const owner = error instanceof ShoalError ? (error as { taskId?: unknown }).taskId : undefined;
  if (owner !== undefined && (!task || owner !== taskId)) {
    // A collective of a task that has ended: neither the task that runs now nor the thread is to blame.
    tell({
      type: 'warning',
      message: `nobody handled an error of a task that has ended: ${(error as Error).message}`,
    });
    return;
  }
  // The async context says whose code it was: a leftover of an earlier task does not fail the one that runs now.
  const scope = runtime.storage.getStore();
  if (!task || (scope && scope !== task.scope)) {
    mailbox?.leave();
    isStale = true;
    tell({ type: 'stray', error: encodeError(error) });
    return;
  }
  current = undefined;
  void sendLast(threw(error, 'task', task, true));
}

function handle(message: ToThread): void {
  // What was put there before this was said comes first.
  mailbox?.poll();
  if (message.type === 'attach') {
    mailbox = openMailbox(message);
    return;
  }
  if (message.type === 'records') {
    engine.recorder.moveTo(message.memory);
    return;
  }
  if (message.type === 'forget') {
    // None of its tasks has them, not even the one that it runs.
    values.forget(message);
    return;
  }
  if (message.type === 'cancel' && isRunning && message.taskId === taskId) {
    current?.cancel(decodeValue(message.reason));
    return;
  }
  waiting.push(message);
  takeNext();
}

/**
 * Begin with the next task. What is said of one that waits comes after it, and what is said of one that is over, never.
 */
function takeNext(): void {
  for (let [next] = waiting; next && !(isRunning && next.type === 'give'); [next] = waiting) {
    waiting.shift();
    if (next.type === 'cancel') {
      if (isRunning && next.taskId === taskId) current?.cancel(decodeValue(next.reason));
    } else if (next.type === 'give' && isMine(next)) {
      posts.turn = next.turn;
      void begin(next.task);
    }
  }
}

/** False: it was given ahead, and is taken back, or about to be. */
function isMine({ isAhead, turn, task }: GiveMessage): boolean {
  if (!isAhead || (!isStale && boot.ahead && takeAhead(boot.ahead, turn, task.lease.lease))) return true;
  tellLoaded(task.source.url);
  return false;
}

function goOn(): void {
  takeNext();
  if (!isRunning) awake?.spin();
}

if (boot.script) {
  runScript(boot.script, { port, foreignLoader: boot.foreignLoader, engine, runtime, poison, output });
} else {
  process.on('uncaughtException', escaped);
  if (boot.heap) tellHeap(boot.heap);
  port.receive(handle);
  port.send({ type: 'ready', thread: ownThread() });
}
