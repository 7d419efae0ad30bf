/** Logging: structured lines on this thread's standard error, which in task threads is labelled and written at once. */
import { createRequire } from 'node:module';
import type { Logger } from 'pino';
import { environment } from './env.js';

export type { Logger } from 'pino';

const require = createRequire(import.meta.url);

/** A logger whose lines carry `fields`. Level: `SHOAL_LOG`, default `info`. */
export function createLogger(fields: Readonly<Record<string, unknown>>): Logger {
  // Loaded when a task logs for the first time: it takes as long as all the rest of a task thread.
  const { pino } = require('pino') as typeof import('pino');
  return pino({ base: { ...fields }, level: environment().logLevel }, process.stderr);
}
