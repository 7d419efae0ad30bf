/** Events of a pool, told apart from the step that caused them. */
import type { EventEmitter } from 'node:events';
import { nextTick } from '../clock.js';

/**
 * Emit once the step that is under way has ended. What a listener throws goes where Node's own errors of listeners go.
 * It becomes an uncaught exception, and no step of the pool is left half done for it.
 */
export function announce(emitter: Pick<EventEmitter, 'emit'>, event: string, payload: readonly unknown[]): void {
  nextTick(() => {
    emitter.emit(event, ...payload);
  });
}
