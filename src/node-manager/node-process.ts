/** Entry of a node manager that a head has started, through `mpiexec`, on another node. */
import { takeJobVariables } from '../env.js';
import { serveNode } from './serve-node.js';

const { head, token } = takeJobVariables();
if (head === undefined || token === undefined) throw new Error('this file is started by mpiexec for `launch`');
try {
  const { ended } = await serveNode(head, token);
  await ended;
} catch (error) {
  process.stderr.write(`shoal: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
process.exit();
