import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { install, pack } from '../support/installed-project.js';
import { mustRun, root } from '../support/spawn.js';

const test = suite('Next.js');
const folder = mkdtempSync(join(tmpdir(), 'shoal-next-'));
const env: NodeJS.ProcessEnv = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };
const next = 'node_modules/next/dist/bin/next';

test.before(() => {
  cpSync(join(root, 'test/fixtures/next'), folder, { recursive: true });
  install(folder, [pack(folder), 'next@16.4.6', 'react@19', 'react-dom@19']);
});
test.after(() => rmSync(folder, { recursive: true }));

test('a route of the built server runs tasks', async () => {
  mustRun(process.execPath, [next, 'build'], folder, env);
  const server = spawn(process.execPath, [next, 'start', '--hostname', '127.0.0.1', '--port', '0'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let said = '';
    server.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    let address: string | undefined;
    while (address === undefined) {
      await once(server.stdout, 'data', { signal: AbortSignal.timeout(30_000) });
      address = /http:\/\/\S+:\d+/.exec(said)?.[0];
    }
    for (let i = 0; i < 2; i++) {
      const response = await fetch(`${address}/sum`, { signal: AbortSignal.timeout(30_000) });
      assert.equal(await response.json(), [3, 3]);
    }
  } finally {
    server.kill();
    await once(server, 'exit');
  }
});

test.run();
