/** Entry of a node manager that a head has started, through `mpiexec`, on another node. */
import { createInterface } from 'node:readline';
import { takeJobVariables } from '../env.js';
import { isToken } from '../protocol/token.js';
import { serveNode } from './serve-node.js';

const { head } = takeJobVariables();
if (head === undefined) throw new Error('this file is started by mpiexec for `launch`');
try {
  const { ended } = await serveNode(head, await readToken());
  await ended;
} catch (error) {
  process.stderr.write(`shoal: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
process.exit();

/** The first line of standard input, which nobody else sees. */
async function readToken(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) {
    if (isToken(line)) return line;
  }
  throw new Error('mpiexec gave this node manager no token on its standard input');
}
