/** A web service in front of a pool: requests become tasks, and errors of tasks become status codes. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { encode } from 'fast-png';
import type { Pool } from 'shoal';
import { CancelledError, ClosedError, QueueFullError, TaskTimeoutError, taskModule } from 'shoal';
import type { View } from './render.js';

const render = taskModule<typeof import('./render.js')>(new URL('./render.ts', import.meta.url));

/** What a request asks for is out of bounds. */
class BadRequest extends Error {}

/**
 * `/mandelbrot.png?x=…&y=…&width=…&columns=…&rows=…&iterations=…`, `/metrics` and `/healthz`.
 *
 * @param timeoutMs - How long a picture may take, from its start.
 */
export function createService(pool: Pool, timeoutMs: number): Server {
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      const status = statusOf(error);
      if (status === 500) console.error(error);
      if (status === 503) response.setHeader('retry-after', 1);
      send(response, status, 'text/plain', error instanceof BadRequest ? error.message : `${status}\n`);
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!server.listening) response.setHeader('connection', 'close'); // shutting down
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/healthz') send(response, 200, 'text/plain', 'ok\n');
    else if (pathname === '/metrics') send(response, 200, 'text/plain; version=0.0.4', await pool.metrics());
    else if (pathname === '/mandelbrot.png') send(response, 200, 'image/png', await picture(searchParams, response));
    else send(response, 404, 'text/plain', '404\n');
  }

  async function picture(query: URLSearchParams, response: ServerResponse): Promise<Uint8Array> {
    const view = readView(query);
    const gone = new AbortController();
    response.once('close', () => gone.abort()); // the caller goes away: the task ends
    const parts = await pool.run(render, { workers: 2, args: [view], timeoutMs, signal: gone.signal });
    const data = new Uint8Array(view.rows * view.columns);
    for (let row = 0; row < view.rows; row++) {
      const at = Math.floor(row / parts.length) * view.columns;
      data.set(parts[row % parts.length]!.subarray(at, at + view.columns), row * view.columns);
    }
    return encode({ width: view.columns, height: view.rows, channels: 1, data });
  }

  return server;
}

/** Nothing that a caller sends comes to a task unchecked. */
function readView(query: URLSearchParams): View {
  const read = (name: string, otherwise: number, least: number, most: number): number => {
    const value = Number(query.get(name) ?? otherwise);
    if (value >= least && value <= most) return value;
    throw new BadRequest(`${name}: expected a number from ${least} to ${most}\n`);
  };
  return {
    x: read('x', -0.7436, -2, 2),
    y: read('y', 0.1318, -2, 2),
    width: read('width', 0.004, 1e-12, 4),
    columns: Math.round(read('columns', 320, 1, 2_000)),
    rows: Math.round(read('rows', 180, 1, 2_000)),
    iterations: Math.round(read('iterations', 500, 1, 10_000)),
  };
}

function statusOf(error: unknown): number {
  if (error instanceof BadRequest) return 400;
  if (error instanceof TaskTimeoutError) return 504;
  if (error instanceof QueueFullError || error instanceof ClosedError) return 503; // too much to do, or shutting down
  return error instanceof CancelledError ? 499 : 500; // 499: nobody is there to read it
}

function send(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}
