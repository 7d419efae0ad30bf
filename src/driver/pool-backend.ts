/** What a pool stands on: a head in this process, or one in another. */
import type { EventEmitter } from 'node:events';
import type { Head } from '../head/head.js';
import type { HeadEvents } from '../head/pool-events.js';

/** Accepts tasks and tells how they end. */
export type PoolBackend = EventEmitter<HeadEvents> &
  Pick<Head, 'submit' | 'cancel' | 'share' | 'release' | 'openGang' | 'closeGang' | 'assertOpen' | 'close' | 'nodeOf'>;
