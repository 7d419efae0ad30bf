/** Shapes of the messages between the head and a node manager. */
import { nodeProcess, rowShape, toRankMessage, welcomeShape, workerReports } from './control-shapes.js';
import type { FromNode, ToNode } from './node-messages.js';
import type { Shapes } from './shape.js';
import { bare, bytes, count, fields, flag, integer, list, message, number, optional, positive, text } from './shape.js';

const job = positive;
/** The agent's is −1. */
const worldRank = integer;

/** Node manager → head. */
export const fromNode: Shapes<FromNode> = {
  node: fields(nodeProcess),
  connected: fields({ job, worldRank }),
  registered: fields({ job, worldRank }),
  report: fields({ job, worldRank, message: message(workerReports) }),
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
  dismiss: fields({ job }),
  close: fields({ job }),
  value: fields({ id: text, sizeBytes: positive }),
  valuePart: fields({ id: text, bytes }),
  dropValue: fields({ id: text }),
  beat: bare,
};
