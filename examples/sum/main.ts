/** The driver of the README: `npm run build`, then `npx jiti examples/sum/main.ts`. */
import { launch, taskModule } from 'shoal';

const pool = await launch({ workers: 4 });
const sum = taskModule<typeof import('./sum.js')>(new URL('./sum.ts', import.meta.url));

console.log(await pool.run(sum, { workers: 4, args: [1e6] })); // [ 6, 6, 6, 6 ], one result per rank

const handles = [1, 2, 3].map((workers) => pool.submit(sum, { workers, args: [10] })); // side by side on free workers
console.log(await Promise.all(handles.map((handle) => handle.result())));
await pool.close();
