/** Shapes of the messages between a pool that runs by itself and those who use it. */
import { carrierShape } from './carrier.js';
import { actorShape, membersShape } from './control-shapes.js';
import type { FromPool, Question, TaskSpec, ToPool } from './pool-messages.js';
import { encodedShape } from './encoded.js';
import { placements, priorityRange } from './pool-messages.js';
import type { Shape, Shapes } from './shape.js';
import {
  bare,
  bytes,
  count,
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

const moduleUrl: Shape = (value) => typeof value === 'string' && value.startsWith('file:///');
const limit: Shape = (value) => number(value) && (value as number) > 0;
const priority: Shape = (value) => {
  const [least, most] = priorityRange;
  return integer(value) && (value as number) >= least && (value as number) <= most;
};

const taskFields: Shape = fields({
  source: fields({ url: moduleUrl, exportName: text }),
  name: optional(text),
  workers: positive,
  args: list(encodedShape),
  references: optional(list(text)),
  keep: optional(flag),
  timeoutMs: either(oneOf(null), limit),
  maxRetries: count,
  fresh: flag,
  placement: oneOf(...placements),
  priority,
  gang: optional(text),
  actor: optional(actorShape),
  carrier: optional(carrierShape),
});

/** What a task is; one that does not fit is refused as that task. */
export const taskShape: Shape = (value) => {
  if (!taskFields(value)) return false;
  const { args, workers, gang, actor } = value as TaskSpec;
  // What a frame has left out may have come as null.
  return (args.length === 1 || args.length === workers) && (!actor || typeof gang === 'string');
};

/** A pool that beats without a pause does nothing else. */
const leastBeatMs = 10;

const questions: Shapes<Question> = {
  tasks: bare,
  metrics: bare,
  stats: bare,
  dashboard: bare,
  news: fields({ since: count }),
  explain: fields({ id: optional(text) }),
  share: fields({ id: text, bytes }),
  trace: fields({ id: positive, maxEvents: positive }),
  endTrace: fields({ id: positive }),
};

/** User → pool. */
export const toPool: Shapes<ToPool> = {
  submit: fields({ id: text, detached: flag }),
  cancel: fields({ id: text, reason: bytes }),
  gang: fields({
    id: text,
    spec: fields({ name: optional(text), workers: positive, placement: oneOf(...placements) }),
  }),
  closeGang: fields({ id: text, force: flag }),
  ask: fields({ id: positive, question: message(questions) }),
  release: fields({ id: text }),
  beats: fields({ everyMs: (value) => number(value) && (value as number) >= leastBeatMs }),
  stop: fields({ force: flag, timeoutMs: either(oneOf(null), limit) }),
};

const record = fields({
  id: text,
  name: optional(text),
  source: fields({ url: text, exportName: text }),
  workers: number,
  priority: number,
  gang: optional(text),
  state: text,
  elapsedMs: number,
  message: optional(text),
  failure: optional(text),
  results: optional(list(text)),
});

/** Pool → user. */
export const fromPool: Shapes<FromPool> = {
  welcome: fields({ session: text, maxMessageBytes: number, logDir: optional(text), status: bytes }),
  status: fields({ status: bytes }),
  event: fields({ name: text, payload: bytes }),
  message: fields({ id: text, rank: count, value: bytes }),
  results: fields({ id: text, results: bytes }),
  accepted: fields({ id: text }),
  failed: fields({ id: text, error: bytes, waitedMs: number, ranMs: number }),
  gangOpened: fields({ id: text, members: membersShape }),
  gangClosed: fields({ id: text, error: optional(bytes) }),
  answer: fields({ id: positive, value: optional(bytes), error: optional(bytes) }),
  traced: fields({ id: positive, part: bytes }),
  beat: bare,
};

const nothing = oneOf(undefined);
const object = fields({});

/** The values of answers, as far as those who ask rely on them. */
export const answers: Shapes<Question> = {
  tasks: list(record),
  metrics: text,
  stats: object,
  dashboard: text,
  news: fields({ pool: text, change: count, hasMore: flag, nowMs: number, status: object, tasks: list(object) }),
  explain: list(fields({ text })),
  share: nothing,
  trace: nothing,
  endTrace: nothing,
};

/** Of a status, likewise. */
export const statusShape: Shape = fields({ workers: list(fields({ worldRank: count, node: text })) });
