/** `npm run test:chaos`: one run, its counts, and what was wrong. */
import { parseArgs } from 'node:util';
import { runChaos } from './run-chaos.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    transport: { type: 'string', default: 'threads' },
    nodes: { type: 'string', default: '1' },
  },
});
const [family = 'threads', wire] = values.transport.split('-');
const report = await runChaos({
  ms: Number(values.minutes) * 60_000,
  seed: Number(values.seed),
  ...(family === 'threads'
    ? { transport: 'threads' as const }
    : { transport: 'mpi' as const, mpiexec: `mpiexec.${family}` }),
  window: wire === 'wire' ? false : 8 * 2 ** 20,
  twoNodes: values.nodes === '2',
});
for (const fault of report.faults) console.log(fault);
console.log(`transport ${values.transport}, seed ${values.seed}, ${values.minutes} minutes, nodes ${values.nodes}`);
for (const [what, number] of [...report.counts].sort()) console.log(`${String(number).padStart(8)} ${what}`);
console.log(`${report.faults.length} faults`);
process.exit(report.faults.length === 0 ? 0 : 1);
