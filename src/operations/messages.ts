/** All message calls. */
import type { MessageOperation } from './message-operation.js';
import { probe } from './probe.js';
import { recvObject } from './recv-object.js';
import { recv } from './recv.js';
import { sendObject } from './send-object.js';
import { send } from './send.js';
import { sendrecv } from './sendrecv.js';

/** In the order in which they are documented. */
export const messageOperations: readonly MessageOperation[] = [send, recv, sendrecv, probe, sendObject, recvObject];
