/**
 * Records of a mailbox: the task that a worker is given, and how it has ended. JSON, with the bytes of values beside.
 */
import { ProtocolError } from '../errors.js';
import type { RankOutcomeMessage } from './control-messages.js';
import { toRank, workerReports } from './control-shapes.js';
import type { Mail } from './mail-tray.js';
import { besideText } from './mail-tray.js';
import { faultOfMessage } from './shape.js';
import type { AssignMessage } from './thread-messages.js';

/** Taken before any user code runs. */
const { parse, stringify } = JSON;

const tasks = { assign: toRank.assign };
const outcomes = { outcome: workerReports.outcome };

/** A part of a task that has returned, as a mailbox carries it; all other outcomes go another way. */
export type ReturnedMessage = RankOutcomeMessage & { readonly outcome: { readonly kind: 'returned' } };

/** No value at all is an empty text, and bytes that are empty do not exist beside the text. */
function isLone(bytes: Uint8Array | undefined): boolean {
  return bytes?.length === 0;
}

/** The record of a task; undefined: it has none. */
export function taskMail(message: AssignMessage): Mail | undefined {
  const bytes = besideText(message.args);
  if (isLone(bytes)) return undefined;
  return { text: stringify(bytes ? { ...message, args: null } : message), bytes };
}

/** The task of a record. @throws {@link ProtocolError} when it is none. */
export function openTaskMail({ text, bytes }: Mail): AssignMessage {
  const message = parsed(text) as AssignMessage;
  const maxMessageBytes = message.maxMessageBytes as number | null;
  // No limit is an infinite one, which JSON does not have.
  const whole = { ...message, args: bytes ?? message.args, maxMessageBytes: maxMessageBytes ?? Infinity };
  return checked(whole, tasks);
}

/** The record of an outcome; undefined: it has none. */
export function outcomeMail(message: ReturnedMessage): Mail | undefined {
  const { outcome } = message;
  const bytes = besideText(outcome.value);
  if (isLone(bytes)) return undefined;
  return { text: stringify(bytes ? { ...message, outcome: { ...outcome, value: null } } : message), bytes };
}

/** The outcome of a record. @throws {@link ProtocolError} when it is none. */
export function openOutcomeMail({ text, bytes }: Mail): RankOutcomeMessage {
  const message = parsed(text) as ReturnedMessage;
  if (bytes === undefined) return checked(message, outcomes);
  return checked({ ...message, outcome: { ...message.outcome, value: bytes } }, outcomes);
}

function parsed(text: string): object {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw new ProtocolError('a mailbox holds a record that is no JSON', {}, { cause });
  }
  if (typeof value !== 'object' || value === null)
    throw new ProtocolError('a mailbox holds a record that is no message');
  return value;
}

function checked<T>(message: T, shapes: Parameters<typeof faultOfMessage>[1]): T {
  const fault = faultOfMessage(message, shapes);
  if (fault !== undefined) throw new ProtocolError(`a mailbox holds ${fault}`);
  return message;
}
