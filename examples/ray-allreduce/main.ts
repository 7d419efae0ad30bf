/** Workers that add their tensors up, as Ray's first example of collectives does: `npx jiti examples/ray-allreduce/main.ts`. */
import { launch, taskModule } from 'shoal';

const pool = await launch({ workers: 2 });
const task = taskModule<typeof import('./worker.js')>(new URL('./worker.ts', import.meta.url));
console.log(JSON.stringify(await pool.run(task, { workers: 2, args: [4] })));
await pool.close();
