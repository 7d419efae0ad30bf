/** What the ranks of a task post with `context.post`, on its way to the listeners of the driver. */
import type { EventEmitter } from 'node:events';
import { announce } from '../head/announce.js';
import type { PoolEvents } from '../head/pool-events.js';
import type { Task } from '../head/task.js';
import { decodeValue } from '../protocol/values.js';
import type { TaskHandle } from './task-handle.js';

/**
 * Tell the listeners of a task's handle, then those of its pool. A value is decoded once, and only where somebody
 * listens.
 */
export function tellMessages(task: Task, handle: TaskHandle<unknown, unknown>, pool: EventEmitter<PoolEvents>): void {
  task.receiver = (rank, encoded, taken) => {
    // Its listeners run before anything more is read.
    taken();
    const listening = [handle, pool].filter((emitter) => emitter.listenerCount('message') > 0);
    if (listening.length === 0) return;
    let value: unknown;
    try {
      value = decodeValue(encoded);
    } catch (error) {
      const text = `task ${task.id}: what rank ${rank} posted cannot be decoded: ${(error as Error).message}`;
      announce(pool, 'warning', [{ message: text, worldRank: task.ranks[rank] }]);
      return;
    }
    for (const emitter of listening) announce(emitter, 'message', [{ taskId: task.id, rank, value }]);
  };
}
