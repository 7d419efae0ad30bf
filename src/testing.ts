/**
 * `shoal/testing`: task functions as ranks of one thread, for unit tests.
 *
 * @module shoal/testing
 */
export { runRanks } from './worker/local-ranks.js';
export type { RunRanksOptions } from './worker/local-ranks.js';
export type { TaskMessage } from './head/pool-events.js';
