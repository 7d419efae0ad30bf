/** The dashboard of a pool: one page and its data, over HTTP on the loopback interface, for whoever has the token. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { assetPath } from '../asset.js';
import { LaunchError } from '../errors.js';
import { DashboardAccess } from './dashboard-access.js';
import type { DashboardOptions } from './dashboard-options.js';
import type { DashboardSource } from './dashboard-news.js';
import { enterPage, enterScript, mainPage } from './dashboard-pages.js';

const mostConnections = 64;
const mostHeaderBytes = 8 * 1024;
/** A token, with some room. */
const mostBodyBytes = 128;
/** A request comes within this time, or its connection goes. */
const requestLimitMs = 5_000;

/** Nothing is loaded from elsewhere, nothing is kept, and no other site's page gets any of it. */
const headers: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

const types = {
  html: 'text/html; charset=utf-8',
  script: 'text/javascript; charset=utf-8',
  style: 'text/css; charset=utf-8',
  json: 'application/json',
  text: 'text/plain; charset=utf-8',
};

/** A dashboard that is open. */
export interface Dashboard {
  /** With the token behind `#`, which no browser sends to a server. */
  readonly url: string;
  close(): void;
}

/** Open one. It keeps no process alive. @throws {@link LaunchError} when the port is taken. */
export async function openDashboard({ host, port }: DashboardOptions, source: DashboardSource): Promise<Dashboard> {
  const access = new DashboardAccess();
  const page = new DashboardRequests(access, source);
  const server = createServer(
    { maxHeaderSize: mostHeaderBytes, requestTimeout: requestLimitMs, headersTimeout: requestLimitMs },
    (request, response) => {
      // Whatever a stranger sends ends a request at most, and never the process that the pool is in.
      try {
        page.answer(request, response);
      } catch {
        refuse(response, 500);
      }
    },
  );
  server.maxConnections = mostConnections;
  server.keepAliveTimeout = requestLimitMs;
  server.on('connection', (socket) => socket.unref());
  await listen(server, host, port);
  const { port: own } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    url: `http://${name}:${own}/#${access.token}`,
    close: () => {
      source.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'is taken; choose another, or 0 for any' : `fails: ${cause.message}`;
      reject(new LaunchError(`port ${port} of ${host} for the dashboard ${why}`, { port }, { cause }));
    });
    server.listen(port, host, resolve).unref();
  });
}

/** Answers requests; read-only but for letting a browser in. */
class DashboardRequests {
  readonly #access: DashboardAccess;
  readonly #source: DashboardSource;

  constructor(access: DashboardAccess, source: DashboardSource) {
    this.#access = access;
    this.#source = source;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const { method } = request;
    if (!this.#access.isOurs(request)) refuse(response, 403);
    else if (method === 'POST') this.#enter(request, response);
    else if (method === 'GET') this.#get(request, response);
    else refuse(response, 405);
  }

  #enter(request: IncomingMessage, response: ServerResponse): void {
    if (request.url !== '/enter') {
      refuse(response, 404);
      return;
    }
    let shown = '';
    request.setEncoding('latin1');
    request.on('data', (part: string) => {
      shown += part;
      if (shown.length <= mostBodyBytes) return;
      refuse(response, 413);
      request.removeAllListeners('data').destroy();
    });
    request.on('end', () => {
      const cookie = this.#access.enter(shown);
      if (cookie === undefined) refuse(response, 401);
      else response.writeHead(204, { ...headers, 'Set-Cookie': cookie }).end();
    });
  }

  #get(request: IncomingMessage, response: ServerResponse): void {
    const url = urlOf(request);
    if (!url) {
      refuse(response, 400);
      return;
    }
    const { pathname, searchParams } = url;
    const isKnown = this.#access.isKnown(request);
    if (pathname === '/') send(response, types.html, isKnown ? mainPage : enterPage);
    else if (pathname === '/enter.js') send(response, types.script, enterScript);
    else if (pathname === '/favicon.ico') response.writeHead(204, headers).end();
    else if (!isKnown) refuse(response, 401);
    else if (pathname === '/page.js') send(response, types.script, readFileSync(assetPath('#dashboard.js')));
    else if (pathname === '/page.css') send(response, types.style, readFileSync(assetPath('#dashboard.css')));
    else if (pathname === '/news') this.#news(number(searchParams.get('since')), response);
    else if (pathname === '/explain') void this.#explain(searchParams.get('task') ?? '', response);
    else if (pathname === '/log') send(response, types.text, this.#source.logTail(number(searchParams.get('worker'))));
    else refuse(response, 404);
  }

  async #explain(taskId: string, response: ServerResponse): Promise<void> {
    try {
      const explanation = await this.#source.explain(taskId);
      if (explanation) send(response, types.json, JSON.stringify(explanation));
      else response.writeHead(204, headers).end();
    } catch {
      refuse(response, 500);
    }
  }

  #news(since: number, response: ServerResponse): void {
    send(response, types.json, JSON.stringify(this.#source.news(since)));
  }
}

/** Undefined: it is none, such as `//`. */
function urlOf({ url = '/' }: IncomingMessage): URL | undefined {
  try {
    return new URL(url, 'http://localhost');
  } catch {
    return undefined;
  }
}

/** A number from 0; what is none is 0. */
function number(text: string | null): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function send(response: ServerResponse, type: string, body: string | Buffer): void {
  response.writeHead(200, { ...headers, 'Content-Type': type }).end(body);
}

/** Without a word. */
function refuse(response: ServerResponse, status: number): void {
  if (!response.headersSent) response.writeHead(status, { ...headers, Connection: 'close' }).end();
}
