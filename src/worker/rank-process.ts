/** Entry of a rank that is a process: its main thread is the control thread and never runs user code. */
import { connect } from 'node:net';
import { takeJobVariables } from '../env.js';
import { Connection } from '../protocol/connection.js';
import type { FromRank, ToRank } from '../protocol/control-messages.js';
import { controlVersion } from '../protocol/control-messages.js';
import { ownRow, prepareForMpi } from './join-job.js';
import { launchedRank } from './launcher-environment.js';
import { RankControl } from './rank-control.js';

const { head, token } = takeJobVariables();
const launched = launchedRank(process.env);
if (head === undefined || token === undefined || !launched) {
  throw new Error('this file is started by mpiexec for `launch` and `shoal run`');
}

prepareForMpi();
const socket = connect(head);
const connection = new Connection<ToRank, FromRank>(socket, Infinity, {
  message: (message) => {
    control.receive(message);
  },
  closed: () => {
    control.end();
  },
});
const row = ownRow(launched);
const control = new RankControl(launched, row, connection);
connection.send({ type: 'hello', version: controlVersion, token, row });
