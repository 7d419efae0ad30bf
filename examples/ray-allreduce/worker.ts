/** One worker: it names its group, brings ones, and gets how many workers there are; then it passes a tensor on. */
import { context } from 'shoal/worker';
import {
  allreduce,
  broadcast,
  destroyCollectiveGroup,
  getRank,
  initCollectiveGroup,
  recv,
  ReduceOp,
  send,
} from 'shoal/ray';

export default async function work(count: number): Promise<{ sum: number[]; passed: number[] }> {
  await initCollectiveGroup(context.size, context.rank, 'gloo', 'default');
  const sum = new Float32Array(count).fill(1);
  await allreduce(sum, 'default', ReduceOp.SUM);
  const passed = new Float32Array(count).fill(getRank());
  await broadcast(passed, 1);
  if (getRank() === 0) await send(sum, 1);
  if (getRank() === 1) await recv(passed, 0);
  destroyCollectiveGroup('default');
  return { sum: [...sum], passed: [...passed] };
}
