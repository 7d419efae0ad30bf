/** Shapes of the messages between the head and a rank: what comes is held against them before anybody reads a field. */
import { carrierShape } from './carrier.js';
import type { FromRank, ToRank } from './control-messages.js';
import { encodedShape } from './encoded.js';
import type { ActorStep } from './thread-messages.js';
import { maxCalls } from './thread-messages.js';
import type { WorkerReport } from './node-messages.js';
import type { Shape, Shapes } from './shape.js';
import {
  bare,
  bytes,
  count,
  dictionary,
  either,
  fields,
  flag,
  integer,
  list,
  message,
  number,
  oneOf,
  optional,
  positive,
  text,
} from './shape.js';

const processIdentity = { pid: integer, startTime: number };
const nodeFields = { hostname: text, bootId: text, pidNamespace: text, node: text };

/** Where a process is, and which it is. */
export const nodeProcess: Readonly<Record<string, Shape>> = { pid: positive, startTime: count, ...nodeFields };

/** A row of MPI's world. */
export const rowShape: Shape = fields({
  ...nodeProcess,
  rank: count,
  size: positive,
  startupToken: text,
  versions: fields({ shoal: text, node: text }),
});

/** A file that MPI has made in shared memory, and none elsewhere: it is removed on the word of a rank. */
const sharedMemoryFile: Shape = (value) =>
  typeof value === 'string' && value.startsWith('/dev/shm/') && !value.split('/').includes('..');

const outcome: Shape = (value) => outcomes.some((each) => each(value));
const damage = optional(text);
const exited = fields({ kind: oneOf('exited'), exitCode: integer, damage });
const died = fields({ kind: oneOf('died'), error: optional(bytes), damage });
const ended = fields({ kind: oneOf('ended'), damage });
const inFlight: Shape = (value) =>
  value === undefined || value === null || (calls(value) && (value as unknown[]).length <= maxCalls);
const calls = list(fields({ operation: text, sequence: count, at: optional(text) }));

const amount: Shape = (value) => number(value) && (value as number) >= 0 && value !== Infinity;
const collectives = optional(
  fields({ calls: count, bytes: amount, elapsedMs: amount, movedMs: amount, reducedMs: amount }),
);

/** How a task thread itself says that its part of a task has ended; that it is gone, others say. */
export const threadOutcome: Shape = either(
  fields({
    kind: oneOf('returned'),
    value: encodedShape,
    sequence: count,
    sent: count,
    received: count,
    aborted: flag,
    inFlight,
    refused: optional(count),
    collectives,
    damage,
  }),
  fields({
    kind: oneOf('threw'),
    error: bytes,
    origin: oneOf('task', 'load', 'result', 'gang'),
    replaceThread: flag,
    inFlight,
    refused: optional(count),
    collectives,
    damage,
  }),
);
const outcomes: readonly Shape[] = [threadOutcome, exited, died, ended];

/** Reports of a worker after it has registered. */
export const workerReports: Shapes<WorkerReport> = {
  ready: fields({ round: integer }),
  done: fields({ round: integer }),
  clear: fields({ slot: count }),
  cleared: fields({ slot: count }),
  outcome: fields({ taskId: text, outcome, emptied: optional(count) }),
  posted: fields({ lease: integer, value: bytes }),
  gone: fields({ lease: integer, how: either(exited, died, ended), ran: count }),
  replaced: bare,
  lost: fields({ error: bytes }),
  warning: fields({ message: text }),
  stuck: fields({ taskId: text, rank: integer }),
  exited: fields({ exitCode: integer, died: flag, failedFirst: optional(integer) }),
};

/** Rank → head. */
export const fromRank: Shapes<FromRank> = {
  hello: fields({ row: rowShape }),
  mpiReady: bare,
  gathered: fields({ rows: list(rowShape) }),
  registered: fields({ window: flag, files: list(sharedMemoryFile) }),
  failed: fields({ error: bytes }),
  attached: fields({ ends: count }),
  ...workerReports,
};

/** Members of a group. */
export const membersShape: Shape = list(
  fields({ rank: count, worldRank: count, localRank: count, hostname: text, node: text, pid: integer }),
);

const lease = fields({
  lease: integer,
  slot: count,
  taskId: text,
  rank: count,
  communicator: integer,
  members: membersShape,
});

/** What a task does with an actor. */
export const actorShape: Shape = (value) => {
  if (!actorFields(value)) return false;
  const { does, method } = value as ActorStep;
  return does !== 'call' || text(method);
};
const actorFields = fields({ id: text, does: oneOf('make', 'call', 'dispose'), method: optional(text) });

const threads = fields({
  env: optional(dictionary(text)),
  execArgv: optional(list(text)),
  resourceLimits: optional(dictionary(number)),
  logDir: optional(text),
});

const script = fields({
  url: text,
  argv: list(text),
  timeoutMs: optional(number),
  label: oneOf('task', 'rank', 'none'),
  outputDir: optional(text),
});

/** What a rank is to be. */
export const welcomeShape: Shape = fields({
  rendezvous: oneOf('accept-connect', 'intercomm', 'gather'),
  windowBytes: either(count, oneOf(false)),
  startTimeoutMs: number,
  maxMessageBytes: number,
  threads,
  script: optional(script),
  folder: text,
  launcher: fields(processIdentity),
});

const order = fields({
  round: integer,
  pool: optional(list(count)),
  kind: optional(oneOf('split', 'create-group')),
  group: optional(fields({ id: integer, worldRanks: list(count) })),
  free: list(integer),
});

const place = either(
  fields({ id: text, store: fields({ sizeBytes: positive, pid: positive, descriptors: list(count) }) }),
  fields({ id: text, lease: positive }),
);

const forgotten = fields({ shared: list(text), leases: list(positive) });

/** Head → rank. */
export const toRank: Shapes<ToRank> = {
  welcome: welcomeShape,
  adopted: bare,
  clear: fields({ slot: count }),
  cleared: fields({ slot: count }),
  abort: fields({ slot: count, lease: integer, reason: integer }),
  markDead: fields({ slot: count, rank: count }),
  prepare: fields({ round: integer }),
  go: fields({ order }),
  assign: fields({
    lease,
    attempt: integer,
    source: fields({ url: text, exportName: text }),
    args: encodedShape,
    references: optional(fields({ places: list(place), keep: flag, forget: forgotten })),
    timeoutMs: optional(number),
    maxMessageBytes: number,
    unawaited: oneOf('warn', 'error'),
    gang: optional(fields({ id: text, isFirst: flag })),
    actor: optional(actorShape),
    carrier: optional(carrierShape),
  }),
  cancel: fields({ taskId: text, reason: bytes }),
  forget: forgotten,
  taken: fields({ lease: integer, sizeBytes: count }),
  end: bare,
  mailbox: fields({ pid: positive, segment: count, tasksBell: count, outcomesBell: count }),
  records: fields({ pid: positive, segment: count, pages: positive }),
  close: bare,
};

/** A {@link ToRank} inside another message. */
export const toRankMessage: Shape = message(toRank);
