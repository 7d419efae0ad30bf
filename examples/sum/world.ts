/** The same as a script: `npx shoal run -n 4 examples/sum/world.ts`. */
import { collective, context } from 'shoal/worker';

const x = Float64Array.of(context.rank + 1);
await collective.allreduce(x);
console.log(`rank ${context.rank} of ${context.size}: ${x[0]}`);
