/** Entry of a rank that is a process: its main thread is the control thread and never runs user code. */
import { takeJobVariables } from '../env.js';
import type { HeadPlace } from '../protocol/control-messages.js';
import { ownRow, prepareForMpi } from './join-job.js';
import { launchedRank } from './launcher-environment.js';
import { RankControl } from './rank-control.js';

const { head } = takeJobVariables();
const launched = launchedRank(process.env);
if (head === undefined || !launched) {
  throw new Error('this file is started by mpiexec for `launch` and `shoal run`');
}

prepareForMpi();
new RankControl(launched, ownRow(launched), JSON.parse(head) as HeadPlace).begin();
