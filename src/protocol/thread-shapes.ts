/** What comes from a task thread is held against its shape before it is believed: user code runs there. */
import { threadOutcome } from './control-shapes.js';
import type { FromThread } from './thread-messages.js';
import type { Shapes } from './shape.js';
import { bare, bytes, count, faultOfMessage, fields, text } from './shape.js';

const shapes: Shapes<FromThread> = {
  ready: fields({ thread: count }),
  loaded: bare,
  loads: fields({ url: text }),
  outcome: fields({ lease: count, taskId: text, outcome: threadOutcome }),
  posted: fields({ lease: count, value: bytes }),
  warning: fields({ message: text }),
  readerGone: bare,
  stray: fields({ error: bytes }),
  stuck: fields({ lease: count, taskId: text, rank: count }),
};

/** The message, if it is one; undefined: it is not what the protocol allows. */
export function checkFromThread(given: unknown): FromThread | undefined {
  return faultOfMessage(given, shapes) === undefined ? (given as FromThread) : undefined;
}
