/** Shapes of the messages between the head and a node manager. */
import { nodeProcess, rowShape, toRankMessage, welcomeShape, workerReports } from './control-shapes.js';
import type { FromNode, ToNode } from './node-messages.js';
import type { Shapes } from './shape.js';
import {
  bare,
  bytes,
  count,
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

const job = positive;
/** The agent's is −1. */
const worldRank = integer;

const operation = fields({
  operation: text,
  call: text,
  state: oneOf('waiting', 'completed', 'failed'),
  code: optional(text),
  group: count,
  sequence: count,
  times: optional(count),
  sizeBytes: number,
  waitedMs: number,
  startedAt: optional(number),
  endedAt: optional(number),
  peer: optional(integer),
  tag: optional(integer),
});
const rankOperations = fields({
  rank: count,
  worldRank: count,
  phase: oneOf('idle', 'loading', 'running', 'returned', 'threw'),
  since: number,
  operations: list(operation),
});

/** Node manager → head. */
export const fromNode: Shapes<FromNode> = {
  node: fields(nodeProcess),
  connected: fields({ job, worldRank }),
  registered: fields({ job, worldRank }),
  report: fields({ job, worldRank, message: message(workerReports) }),
  operations: fields({ job, worldRank, lease: positive, operations: rankOperations }),
  asked: fields({ job, request: positive, operations: optional(rankOperations) }),
  died: fields({ job, worldRank, error: bytes }),
  failed: fields({ job, error: bytes }),
  gone: fields({ job }),
  refusal: fields({ text }),
  valueLaid: fields({ id: text, descriptors: optional(list(count)), error: optional(bytes) }),
  traced: fields({
    job,
    originMs: number,
    parts: list(fields({ worldRank, slots: bytes, lost: count })),
    isLast: flag,
  }),
  beat: fields({ usage: list(fields({ worldRank, rssBytes: number, cpuMs: number })), stopped: list(worldRank) }),
};

/** Head → node manager. */
export const toNode: Shapes<ToNode> = {
  admitted: bare,
  refused: fields({ text }),
  open: fields({
    job,
    settings: fields({
      token: text,
      worldSize: positive,
      agents: count,
      welcome: welcomeShape,
      rows: list(rowShape),
    }),
  }),
  send: fields({ job, worldRank, message: toRankMessage }),
  kill: fields({ job, worldRank: optional(worldRank), text, signal: text }),
  trace: fields({ job, isOn: flag }),
  ask: fields({
    job,
    request: positive,
    rank: fields({ rank: count, worldRank: count }),
    lease: positive,
    most: positive,
  }),
  dismiss: fields({ job }),
  close: fields({ job }),
  value: fields({ id: text, sizeBytes: positive }),
  valuePart: fields({ id: text, bytes }),
  dropValue: fields({ id: text }),
  beat: bare,
};
