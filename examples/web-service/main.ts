/** Starts the service, and stops it when the process is told to: requests that are under way get their answers. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { launch } from 'shoal';
import { createService } from './service.js';

const pool = await launch({ workers: 4, maxQueue: 16 });
const server = createService(pool, 30_000);
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1');
await once(server, 'listening');
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);

async function stop(): Promise<void> {
  server.close(); // no new connections
  await pool.close({ timeoutMs: 30_000 }); // tasks of requests that came before may end
  console.log('stopped');
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop());
