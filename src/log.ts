/** Logging: structured lines on this thread's standard error, which in task threads is labelled and written at once. */
import type { Logger } from 'pino';
import { pino } from 'pino';
import { environment } from './env.js';

export type { Logger } from 'pino';

/** A logger whose lines carry `fields`. Level: `SHOAL_LOG`, default `info`. */
export function createLogger(fields: Readonly<Record<string, unknown>>): Logger {
  return pino({ base: { ...fields }, level: environment().logLevel }, process.stderr);
}
