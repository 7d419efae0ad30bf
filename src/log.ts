/** Logging: structured lines on standard error, written at once so that none is lost when a thread is ended. */
import type { Logger } from 'pino';
import { destination, pino } from 'pino';
import { environment } from './env.js';

export type { Logger } from 'pino';

/** A logger whose lines carry `fields`. Level: `SHOAL_LOG`, default `info`. */
export function createLogger(fields: Readonly<Record<string, unknown>>): Logger {
  return pino({ base: { ...fields }, level: environment().logLevel }, destination({ dest: 2, sync: true }));
}
