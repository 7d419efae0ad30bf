/**
 * The world of a process that no pool has started: that of its launcher, or one of its own.
 *
 * In CommonJS, with all that it needs: it is loaded at the first use, which may be a blocking one. What it shares with
 * other copies of the package is at global symbols.
 */
import type { TaskScope } from '../collective/scope.js';
import { joinForeignWorld } from './foreign-main.js';
import { joinLoneWorld } from './lone-world.js';

/** The scope of this process; undefined in a thread that belongs to nobody's world. */
export function joinWorld(): TaskScope | undefined {
  return joinForeignWorld() ?? joinLoneWorld();
}
