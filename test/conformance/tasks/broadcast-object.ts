/** Cases of broadcastObject. */
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { objectCases } from './object-cases.js';

export const cases: Cases = objectCases('broadcastObject');

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
