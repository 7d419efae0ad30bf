import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:http';
import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DashboardNews } from '../../src/driver/dashboard-news.js';
import { fillDashboard } from '../../src/driver/dashboard-options.js';
import type { Dashboard } from '../../src/driver/dashboard-server.js';
import { openDashboard } from '../../src/driver/dashboard-server.js';
import type { TaskExplanation } from '../../src/head/explanations.js';
import { codeOf, rejectsCode, throwsCode } from '../support/check.js';

const test = suite('dashboard');
const secret = 'only for those with the token';
const here = { host: '127.0.0.1', port: 0 };
let dashboard: Dashboard;
let port: number;
let token: string;
let closed = 0;

test.before(async () => {
  dashboard = await openDashboard(here, {
    news: (since) => ({ pool: secret, change: since }) as unknown as DashboardNews,
    explain: (taskId) => Promise.resolve({ taskId: `${secret} ${taskId}` } as unknown as TaskExplanation),
    logTail: (worldRank) => {
      if (worldRank === 99) throw new Error('no such file');
      return `${secret} ${worldRank}`;
    },
    close: () => {
      closed++;
    },
  });
  const url = new URL(dashboard.url);
  port = Number(url.port);
  token = url.hash.slice(1);
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Ask with exactly these headers. */
function ask(path: string, headers: Record<string, string> = {}, body?: string, method?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const how = method ?? (body === undefined ? 'GET' : 'POST');
    const asked = request({ host: '127.0.0.1', port, path, method: how, agent: false, headers }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

const own = (): Record<string, string> => ({ origin: `http://127.0.0.1:${port}` });
const enter = (shown: string, headers = own()): Promise<Answer> => ask('/enter', headers, shown);
async function letIn(): Promise<string> {
  const { status, headers } = await enter(token);
  assert.is(status, 204);
  return headers['set-cookie']![0]!;
}
const statusOf = async (answer: Promise<Answer>): Promise<number> => {
  const { status, text } = await answer;
  if (status !== 200) assert.is(text, '', 'a refusal says nothing');
  return status;
};

const data = ['/news?since=0', '/explain?task=t1', '/log?worker=0', '/page.js', '/page.css'];

test('without the token there is nothing but a page that knows nothing', async () => {
  for (const path of data) assert.is(await statusOf(ask(path)), 401, path);
  const { status, text } = await ask('/');
  assert.is(status, 200);
  assert.not.match(text, '/page.js');
  assert.is((await ask('/enter.js')).status, 200);
});

test('another token is refused: with one bit changed, shorter, longer, empty', async () => {
  for (let digit = 0; digit < token.length; digit++) {
    const other = (parseInt(token[digit]!, 16) ^ 1).toString(16);
    assert.is(await statusOf(enter(token.slice(0, digit) + other + token.slice(digit + 1))), 401);
  }
  for (const shown of ['', token.slice(1), `${token}0`, 'é'.repeat(64)]) assert.is(await statusOf(enter(shown)), 401);
});

test('the token is exchanged for a cookie that scripts and other sites do not get', async () => {
  const cookie = await letIn();
  assert.match(cookie, /^shoal-[0-9a-f]{8}=[0-9a-f]{64}; HttpOnly; SameSite=Strict; Path=\/$/);
  assert.not.match(cookie, token);
  for (const path of data) assert.is((await ask(path, { cookie: cookie.split(';')[0]! })).status, 200, path);
  assert.match((await ask('/', { cookie: cookie.split(';')[0]! })).text, '/page.js');
  const { text } = await ask('/news?since=7', { cookie: `a=b; ${cookie.split(';')[0]!}; c=d` });
  assert.equal(JSON.parse(text), { pool: secret, change: 7 });
});

test('odd targets, and what fails while an answer is made, end a request and no process', async () => {
  const cookie = (await letIn()).split(';')[0]!;
  for (const path of [
    '//',
    '//[',
    'http://[',
    'http://',
    '*',
    '/%',
    '/explain?task=%ff',
    '/log?worker=-1',
    '/news?since=x',
  ]) {
    const status = await statusOf(ask(path));
    assert.ok([200, 400, 401, 404].includes(status), `${path} ${status}`);
    assert.ok((await ask(path, { cookie })).status < 500, path);
  }
  assert.is(await statusOf(ask('//', { cookie })), 400);
  assert.is(await statusOf(ask('/log?worker=99', { cookie })), 500);
  assert.is((await ask('/news', { cookie })).status, 200);
});

test('another cookie is none', async () => {
  const [name, value] = (await letIn()).split(';')[0]!.split('=');
  for (const cookie of [`${name}=`, `${name}=${value!.slice(1)}`, `${name}=${token}`, `x${name}=${value}`, value!]) {
    assert.is(await statusOf(ask('/news', { cookie })), 401, cookie);
  }
});

test('names of this host that a page elsewhere has made up are refused, with the cookie too', async () => {
  const cookie = (await letIn()).split(';')[0]!;
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1.evil.example',
    `0.0.0.0:${port}`,
    'localhost@x',
  ]) {
    for (const path of ['/', '/enter.js', ...data]) {
      assert.is(await statusOf(ask(path, { host, cookie })), 403, `${host} ${path}`);
    }
    assert.is(await statusOf(ask('/enter', { host, origin: `http://${host}` }, token)), 403, host);
  }
  for (const host of [`localhost:${port}`, `[::1]:${port}`, '127.0.0.1']) {
    assert.is((await ask('/news', { host, cookie })).status, 200, host);
  }
});

test("requests of other sites' pages are refused, with the cookie too", async () => {
  const cookie = (await letIn()).split(';')[0]!;
  for (const origin of [
    'http://evil.example',
    'null',
    `https://127.0.0.1:${port}`,
    `http://127.0.0.1:${port + 1}`,
    '',
  ]) {
    assert.is(await statusOf(ask('/news', { origin, cookie })), 403, origin);
    assert.is(await statusOf(enter(token, { origin })), 403, origin);
  }
  assert.is(await statusOf(enter(token, {})), 403, 'no origin');
  for (const site of ['cross-site', 'same-site']) {
    assert.is(await statusOf(ask('/news', { cookie, 'sec-fetch-site': site })), 403);
    assert.is(await statusOf(ask('/page.js', { cookie, 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' })), 403);
    const link = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' };
    assert.is((await ask('/', link)).status, 200, 'a link is followed');
  }
});

test('every answer forbids what is not its own, and keeps nothing', async () => {
  const cookie = (await letIn()).split(';')[0]!;
  const answers = [
    ask('/'),
    ask('/news'),
    ask('/nowhere', { cookie }),
    ask('/news', { cookie }),
    ask('/', { host: 'x' }),
  ];
  for (const { headers } of await Promise.all(answers)) {
    const policy = String(headers['content-security-policy']);
    assert.match(policy, "default-src 'none'");
    assert.match(policy, "frame-ancestors 'none'");
    assert.not.match(policy, 'unsafe');
    assert.is(headers['cross-origin-resource-policy'], 'same-origin');
    assert.is(headers['x-content-type-options'], 'nosniff');
    assert.is(headers['referrer-policy'], 'no-referrer');
    assert.is(headers['cache-control'], 'no-store');
    assert.is(headers['access-control-allow-origin'], undefined);
  }
});

test('other methods, places and long bodies are refused', async () => {
  const cookie = (await letIn()).split(';')[0]!;
  for (const method of ['PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH']) {
    assert.is(await statusOf(ask('/news', { cookie }, undefined, method)), 405, method);
  }
  assert.is(await statusOf(ask('/../package.json', { cookie })), 404);
  assert.is(await statusOf(ask('/news', { cookie, ...own() }, token)), 404, 'POST of another place');
  const long = await enter('0'.repeat(1_000_000)).then(({ status }) => String(status), codeOf);
  assert.ok(['413', 'ECONNRESET', 'EPIPE'].includes(long), long);
  assert.is((await ask('/', { cookie: 'x'.repeat(20_000) })).status, 431);
});

test('numbers that are none are 0', async () => {
  const cookie = (await letIn()).split(';')[0]!;
  for (const since of ['-1', '1.5', 'x', '', '1e400', '__proto__']) {
    assert.is((JSON.parse((await ask(`/news?since=${since}`, { cookie })).text) as DashboardNews).change, 0);
  }
  assert.is((await ask('/log?worker=../x', { cookie })).text, `${secret} 0`);
});

test('of many browsers the last sixteen stay', async () => {
  const first = (await letIn()).split(';')[0]!;
  for (let i = 0; i < 15; i++) await letIn();
  assert.is((await ask('/news', { cookie: first })).status, 200);
  await letIn();
  assert.is((await ask('/news', { cookie: first })).status, 401);
});

test('connections are bounded, and go with the page', async () => {
  const sockets = Array.from({ length: 80 }, () => connect(port, '127.0.0.1'));
  const gone = sockets.map(
    (socket) => new Promise<void>((resolve) => socket.on('error', () => undefined).on('close', () => resolve())),
  );
  let count = 0;
  for (const each of gone) void each.then(() => count++);
  await Promise.all(gone.slice(64));
  assert.ok(count >= 16 && count < 80, `${count} were sent away`);
  dashboard.close();
  await Promise.all(gone);
  assert.is(closed, 1);
  assert.is(await ask('/').then(() => 'answered', codeOf), 'ECONNREFUSED');
});

test('bad options are refused, and a port that is taken is named', async () => {
  for (const given of [{ host: '0.0.0.0' }, { host: '::' }, { host: 'example.org' }, { host: 7 }, { port: -1 }]) {
    throwsCode(() => fillDashboard(given), 'INVALID_ARGUMENT');
  }
  for (const given of [1, 'yes', null, { ports: 1 }, { port: 65_536 }, { port: '80' }]) {
    throwsCode(() => fillDashboard(given), 'INVALID_ARGUMENT');
  }
  assert.equal([fillDashboard(undefined), fillDashboard(false), fillDashboard(true)], [undefined, undefined, here]);
  const source = {
    news: () => ({}) as DashboardNews,
    explain: () => Promise.resolve(undefined),
    logTail: () => '',
    close: () => undefined,
  };
  const one = await openDashboard(here, source);
  const taken = Number(new URL(one.url).port);
  const error = await rejectsCode(openDashboard({ ...here, port: taken }, source), 'LAUNCH');
  assert.match(error.message, `port ${taken} of 127.0.0.1`);
  one.close();
});

test.run();
