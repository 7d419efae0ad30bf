/** Entry of a rank that is a process: its main thread is the control thread and never runs user code. */
import { connect } from 'node:net';
import { takeJobVariables } from '../env.js';
import { nodeKey } from '../native/proc.js';
import type { HeadPlace } from '../protocol/control-messages.js';
import { nodeFolder, nodeSocket } from '../protocol/node-socket.js';
import { ownRow, prepareForMpi } from './join-job.js';
import { launchedRank } from './launcher-environment.js';
import { RankControl } from './rank-control.js';

const { head, token } = takeJobVariables();
const launched = launchedRank(process.env);
if (head === undefined || token === undefined || !launched) {
  throw new Error('this file is started by mpiexec for `launch` and `shoal run`');
}

prepareForMpi();
const place = JSON.parse(head) as HeadPlace;
const row = ownRow(launched);
const control = new RankControl(launched, row, token);
if (nodeKey(row) === place.nodeKey) control.connect(connect(place.path));
else control.meetFirst(place, nodeSocket(nodeFolder(token, row)));
