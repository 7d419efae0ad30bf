import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import type { BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { launch } from 'shoal';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dashboard } from '../../src/driver/dashboard-server.js';
import { openDashboard } from '../../src/driver/dashboard-server.js';
import { rejectsCode } from '../support/check.js';
import { root } from '../support/spawn.js';
import { indexedPng } from './indexed-png.js';
import { madeUpPool } from './made-up-pool.js';

const test = suite('page of the dashboard, in Chromium');
const here = { host: '127.0.0.1', port: 0 };
const tasks = new URL('../pool/tasks/misc.js', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'shoal-browser-'));
const mostPictureBytes = 60 * 1024;
const pool = { workers: 256, tasks: 10_000, waiting: 40 };

let browser: BrowserContext;
let large: Dashboard;
let small: Dashboard;
/** What a page said that it should not, and what it asked elsewhere. */
const faults: string[] = [];

async function visit(url: string): Promise<Page> {
  const page = await browser.newPage();
  const { origin } = new URL(url);
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('401')) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) faults.push(`asks ${request.url()}`);
  });
  await page.goto(url);
  return page;
}

test.before(async () => {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
  browser = await chromium.launchPersistentContext(folder, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    viewport: { width: 1280, height: 900 },
    args: [...args, '--disable-component-update', '--disable-sync'],
  });
  large = await openDashboard(here, madeUpPool(pool.workers, pool.tasks, pool.waiting));
  small = await openDashboard(here, madeUpPool(24, 300, 5));
});
test.after(async () => {
  await browser.close();
  large.close();
  small.close();
  rmSync(folder, { recursive: true, force: true });
});

test('without the token, or with another, a page shows nothing of the pool', async () => {
  const { origin } = new URL(large.url);
  for (const url of [`${origin}/`, `${origin}/#${'0'.repeat(64)}`]) {
    const page = await visit(url);
    await page.waitForFunction(() => !location.hash);
    const text = await page.locator('body').innerText();
    assert.not.match(text, /worker|task|queue/i);
    assert.equal(await page.evaluate(async () => (await fetch('/news?since=0')).status), 401);
    await page.close();
  }
});

test('the token leaves the address, and scripts cannot read the cookie', async () => {
  const page = await visit(large.url);
  await page.getByRole('heading', { name: 'Timeline' }).waitFor();
  assert.is(await page.evaluate(() => location.hash + document.cookie), '');
  await page.close();
});

test('10,000 tasks and 256 workers are there, and only what is in sight exists', async () => {
  const page = await visit(large.url);
  await page.locator('#Tasks h2', { hasText: '10,040' }).waitFor();
  assert.is(await page.locator('.worker').count(), pool.workers);
  assert.ok((await page.locator('#Tasks .row').count()) < 40);
  assert.ok((await page.evaluate(() => document.querySelectorAll('*').length)) < 3_000);
  const list = page.getByRole('listbox', { name: /^Tasks/ });
  await list.focus();
  await page.keyboard.press('End');
  await page.locator('#Tasks .row', { hasText: /^✓ t1(?!\d)/ }).waitFor();
  const frames = await page.evaluate(async () => {
    const times: number[] = [];
    const box = document.querySelector('#Tasks .list')!;
    for (let last = performance.now(), i = 0; i < 60; i++) {
      box.scrollTop = i * 4_000;
      await new Promise(requestAnimationFrame);
      times.push(performance.now() - last);
      last = performance.now();
    }
    return times.sort((a, b) => a - b);
  });
  console.log(
    `scrolling 10,000 tasks: frame ${frames[30]!.toFixed(1)} ms (median), ${frames[59]!.toFixed(1)} ms (longest)`,
  );
  await page.close();
});

test('all of it goes by keyboard', async () => {
  const page = await visit(large.url);
  await page.locator('#Tasks h2', { hasText: '10,040' }).waitFor();
  const list = page.getByRole('listbox', { name: /^Failures/ });
  await list.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  const chosen = await page.locator('#Failures [aria-selected=true] b').innerText();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('reading shard').first().waitFor();
  const text = await dialog.innerText();
  assert.ok(text.includes(chosen.split(' ')[1]!), `${chosen} in ${text}`);
  assert.match(text, 'RangeError: no shard');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.ok(await list.evaluate((element) => element === document.activeElement), 'the focus comes back');
  const timeline = page.getByRole('img', { name: /^Timeline/ });
  await timeline.focus();
  await page.keyboard.press('+');
  await page.locator('.tools', { hasText: '15.0 s in sight' }).waitFor();
  await page.keyboard.press('ArrowLeft');
  await page.locator('.tools [aria-pressed=false]').waitFor();
  await page.keyboard.press('l');
  await page.locator('.tools [aria-pressed=true]').waitFor();
  await page.close();
});

test('states are told by words and marks, not by colour alone', async () => {
  const page = await visit(small.url);
  await page.locator('#Queue .row').first().waitFor();
  for (const state of ['busy', 'lost']) {
    assert.match(await page.locator(`.worker.${state}`).first().innerText(), state === 'busy' ? '●' : '✕');
    assert.match((await page.locator(`.worker.${state}`).first().getAttribute('title'))!, state);
  }
  assert.match(await page.locator('#Tasks .row').first().innerText(), /◌ t\d+[^]*queued/);
  assert.match(await page.locator('#Queue .row').first().innerText(), 'wants 8 workers at once');
  await page.close();
});

test('it fits a phone, and shows in light and dark', async () => {
  const page = await visit(small.url);
  await page.locator('#Queue .row').first().waitFor();
  const papers = new Set<string>();
  const looks = [
    ['light', 1280, 900],
    ['dark', 1280, 900],
    ['phone', 390, 844],
  ] as const;
  for (const [name, width, height] of looks) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: name === 'dark' ? 'dark' : 'light' });
    await page.waitForTimeout(1_200);
    papers.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is too wide`);
    const picture = indexedPng(await page.screenshot());
    const shown = decode(picture);
    assert.equal([shown.width, shown.height], [width, height]);
    assert.ok(picture.length <= mostPictureBytes, `${name}: ${picture.length} bytes`);
    const place = process.env.SHOAL_WRITE_DOCS === '1' ? join(root, 'docs/figures') : folder;
    writeFileSync(join(place, `dashboard-${name}.png`), picture);
  }
  assert.is(papers.size, 2);
  await page.close();
});

test('two fingers zoom the timeline, and one moves it', async () => {
  const page = await visit(small.url);
  const timeline = page.getByRole('img', { name: /^Timeline/ });
  await timeline.scrollIntoViewIfNeeded();
  const { x, y } = (await timeline.boundingBox())!;
  const session = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...across: number[]): Promise<unknown> =>
    session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: across.map((each, id) => ({ x: x + each, y: y + 10, id })),
    });
  await page.locator('.tools', { hasText: '30.0 s in sight' }).waitFor();
  await touch('touchStart', 100);
  await touch('touchStart', 100, 200);
  for (const apart of [120, 160, 200]) await touch('touchMove', 100, 100 + apart);
  await page.locator('.tools', { hasText: '15.0 s in sight' }).waitFor();
  await touch('touchEnd');
  await page.getByRole('button', { name: 'Live' }).click();
  await page.locator('.tools [aria-pressed=true]').waitFor();
  await touch('touchStart', 200);
  for (const at of [210, 250, 300]) await touch('touchMove', at);
  await touch('touchEnd');
  await page.locator('.tools [aria-pressed=false]').waitFor();
  await page.locator('.tools', { hasText: '15.0 s in sight' }).waitFor();
  assert.is(await page.getByRole('dialog').count(), 0, 'a gesture opens nothing');
  await page.close();
});

test('a pool at work is shown as it goes on, and its end too', async () => {
  const own = await launch({ workers: 2, dashboard: true, graceMs: 50 });
  const page = await visit(own.dashboardUrl!);
  await page.getByText('No task was submitted yet.').waitFor();
  await own.run(tasks, { workers: 2, name: 'sum', args: [1_000] });
  await page.locator('#Tasks .row', { hasText: 'sum' }).getByText('succeeded').waitFor();
  await page.locator('#Collectives summary', { hasText: '2 calls, 7.8 KiB, in 1 tasks' }).waitFor();
  await rejectsCode(own.run(tasks, { export: 'reject', name: 'bad', args: [0] }), 'TASK_FAILED');
  await page.locator('#Failures .row', { hasText: 'bad' }).click();
  await page.getByRole('dialog').getByText('TypeError: rejected').first().waitFor();
  await page.getByRole('dialog').getByText('What each rank did last', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  const stuck = own.submit(tasks, { workers: 2, export: 'spin', args: [0] });
  await page.locator('#Tasks .row', { hasText: 'running' }).click();
  await page
    .getByRole('dialog')
    .getByText(/rank 1 has waited .* for rank 0/)
    .first()
    .waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  stuck.cancel();
  await rejectsCode(stuck.result(), 'CANCELLED');
  faults.splice(0, faults.length, ...faults.filter((fault) => !fault.includes('ERR_CONNECTION')));
  await own.close();
  await page.getByRole('status').getByText('The pool has ended').waitFor();
  await page.close();
});

test('nothing was asked elsewhere, and no page had an error', () => {
  assert.equal(
    faults.filter((fault) => !fault.includes('ERR_CONNECTION')),
    [],
  );
});

test.run();
