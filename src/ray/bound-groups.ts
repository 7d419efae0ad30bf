/** Which collectives a name stands for, in the task that asks. Each rank has names of its own, as in Ray. */
import { toCaller } from '../caller-lines.js';
import type { Collective } from '../collective/collective.js';
import type { TaskScope } from '../collective/scope.js';
import { currentScope } from '../collective/scope.js';
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';

/** A group that has a name. */
export interface BoundGroup {
  readonly collective: Collective;
  readonly rank: number;
  readonly size: number;
  /** The name is given up: what was made for it is released. */
  readonly release: () => void;
}

/** By task; they go with it. */
const groups = new WeakMap<TaskScope, Map<string, BoundGroup>>();

function groupsOf(what: string): Map<string, BoundGroup> {
  const scope = currentScope(what);
  let own = groups.get(scope);
  if (!own) groups.set(scope, (own = new Map<string, BoundGroup>()));
  return own;
}

/** @throws {@link InvalidArgumentError} for what is no name, or is one already. */
export function assertNew(what: string, groupName: unknown): asserts groupName is string {
  if (typeof groupName !== 'string' || groupName === '') {
    throw toCaller(
      new InvalidArgumentError(
        `${what}: expected groupName to be a string that is not empty, received ${show(groupName)}`,
      ),
    );
  }
  if (groupsOf(what).has(groupName)) {
    throw toCaller(
      new InvalidArgumentError(
        `${what}: there is a group ${show(groupName)} on this rank already; give it up with ` +
          `destroyCollectiveGroup(${show(groupName)}), or take another name`,
      ),
    );
  }
}

/** Give a group a name, in the task that asks. */
export function bind(what: string, groupName: string, group: BoundGroup): void {
  groupsOf(what).set(groupName, group);
}

/** Whether a name has a group here. */
export function isBound(what: string, groupName: unknown): boolean {
  return groupsOf(what).has(groupName as string);
}

/** @throws {@link InvalidArgumentError} when there is none. */
export function groupOf(what: string, groupName: unknown): BoundGroup {
  const group = groupsOf(what).get(groupName as string);
  if (group) return group;
  throw toCaller(
    new InvalidArgumentError(
      `${what}: there is no group ${show(groupName)} on this rank; every rank of it calls ` +
        `initCollectiveGroup(worldSize, rank, backend, ${show(groupName)}) first`,
    ),
  );
}

/** Give a name up. @throws {@link InvalidArgumentError} when it has no group. */
export function unbind(what: string, groupName: unknown): void {
  const group = groupOf(what, groupName);
  group.release();
  groupsOf(what).delete(groupName as string);
}
