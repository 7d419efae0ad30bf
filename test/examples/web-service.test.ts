import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { decode } from 'fast-png';
import { launch } from 'shoal';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createService } from '../../examples/web-service/service.js';
import { root } from '../support/spawn.js';

const test = suite('examples/web-service');
/** A picture that takes far longer than the tests: no point of it escapes. */
const endless = '/mandelbrot.png?x=0&y=0&width=0.01&columns=2000&rows=2000&iterations=10000';
const small = '/mandelbrot.png?columns=16&rows=9';

/** A service over a pool of its own, until `use` has ended. */
async function withService(
  options: { maxQueue: number; timeoutMs: number },
  use: (url: string, metric: (line: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const pool = await launch({ workers: 2, maxQueue: options.maxQueue, graceMs: 500 });
  const server = createService(pool, options.timeoutMs).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const metric = async (line: string): Promise<void> => {
    const signal = AbortSignal.timeout(60_000);
    for (let lines = ['']; !lines.includes(line);) {
      lines = (await (await fetch(`${url}/metrics`, { signal })).text()).split('\n');
    }
  };
  try {
    await use(url, metric);
  } finally {
    server.close();
    server.closeAllConnections();
    await pool.close({ force: true });
  }
}

test('requests out of bounds are refused, with what was expected', async () => {
  await withService({ maxQueue: 10, timeoutMs: 60_000 }, async (url) => {
    for (const query of ['columns=0', 'columns=2001', 'rows=1e9', 'iterations=x', 'width=-1', 'x=NaN', 'y=Infinity']) {
      const response = await fetch(`${url}/mandelbrot.png?${query}`);
      assert.is(response.status, 400, query);
      assert.match(await response.text(), `${query.split('=')[0]!}: expected a number from`);
    }
    assert.is((await fetch(`${url}/other`)).status, 404);
    assert.is(await (await fetch(`${url}/healthz`)).text(), 'ok\n');
  });
});

test('a picture that takes too long is 504, and the next is served', async () => {
  await withService({ maxQueue: 10, timeoutMs: 2_000 }, async (url) => {
    assert.is((await fetch(url + endless)).status, 504);
    assert.is((await fetch(url + small)).status, 200);
  });
});

test('a full queue is 503 at once; a caller that goes away ends its task', async () => {
  await withService({ maxQueue: 1, timeoutMs: 60_000 }, async (url, metric) => {
    const gone = new AbortController();
    const first = fetch(url + endless, { signal: gone.signal });
    await metric('shoal_tasks{state="running"} 1');
    const second = fetch(url + endless, { signal: gone.signal });
    await metric('shoal_tasks{state="queued"} 1');
    const third = await fetch(url + small);
    assert.equal([third.status, third.headers.get('retry-after')], [503, '1']);
    gone.abort();
    await Promise.allSettled([first, second]);
    await metric('shoal_tasks{state="running"} 0');
    await metric('shoal_tasks{state="queued"} 0');
    assert.is((await fetch(url + small)).status, 200);
  });
});

test('its command serves the figure, and SIGTERM lets requests end', async () => {
  const readme = readFileSync(join(root, 'examples/web-service/README.md'), 'utf8');
  assert.match(readme, 'npx jiti examples/web-service/main.ts\n');
  const args = [join(root, 'node_modules/jiti/lib/jiti-cli.mjs'), join(root, 'examples/web-service/main.ts')];
  const service = spawn(process.execPath, args, {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(service, 'exit');
  try {
    const signal = AbortSignal.timeout(60_000);
    const lines = createInterface(service.stdout)[Symbol.asyncIterator]();
    const url = /http:\/\/\S+/.exec((await lines.next()).value as string)![0];
    const response = await fetch(`${url}/mandelbrot.png`);
    assert.is(response.headers.get('content-type'), 'image/png');
    const figure = decode(readFileSync(join(root, 'docs/figures/examples/web-service.png')));
    assert.equal(decode(new Uint8Array(await response.arrayBuffer())).data, figure.data);
    const underWay = fetch(`${url}/mandelbrot.png?x=0&y=0&width=0.01&iterations=10000&columns=200&rows=150`);
    for (let metrics = ''; !metrics.includes('shoal_tasks{state="running"} 1\n');) {
      metrics = await (await fetch(`${url}/metrics`, { signal })).text();
    }
    service.kill('SIGTERM');
    assert.is((await underWay).status, 200);
    assert.is((await lines.next()).value, 'stopped');
    assert.equal(await ended, [0, null]);
  } finally {
    service.kill('SIGKILL');
  }
});

test.run();
