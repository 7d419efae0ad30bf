/**
 * The first stage of a call whose blocks have any length: every rank says what it sends, what it expects, and how much
 * it has room for. To a program it is a part of that call.
 *
 * Source: an allgather of a few numbers of each rank. Cost on one host: 1 step.
 */
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** Its descriptors have the number of the call's operation as their root. */
export const counts: Operation = {
  name: 'counts',
  number: 13,
  takes: 'nothing',
  takesList: false,
  takesNumber: false,
  reduces: false,
  brings: 'one',
  gets: 'each',
  withoutOut: 'made',
  givesSame: true,
  isRooted: false,
  options: commonOptions,
  sends: () => true,
  receives: () => true,
};
