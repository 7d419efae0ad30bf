/** A process without the token, of another user where the test may make one: it does to a listener what it likes. */
import { spawn } from 'node:child_process';
import type { NetConnectOpts } from 'node:net';

/** What it is to do: so many connections, and what each sends before it falls silent. Empty: nothing. */
export interface Attack {
  readonly where: NetConnectOpts;
  readonly sends: readonly Buffer[];
  readonly connections: number;
}

/** What it saw. */
export interface AttackReport {
  readonly uid: number;
  readonly connected: number;
  /** Ended by the listener. */
  readonly closed: number;
  /** Bytes that the listener has said, `busy` left out. */
  readonly answered: number;
  readonly errors: readonly string[];
}

const nobody = 65534;
const answerBytes = 12;
const busy = 2;

/** All of the other process: it reads no file, which another user may not. */
function attack(text: string, constants: { answerBytes: number; busy: number }, net: typeof import('node:net')): void {
  const { where, sends, connections } = JSON.parse(text) as {
    where: NetConnectOpts;
    sends: string[];
    connections: number;
  };
  const report = { uid: process.getuid!(), connected: 0, closed: 0, answered: 0, errors: [] as string[] };
  let left = connections;
  for (let i = 0; i < connections; i++) {
    const socket = net.connect(where, () => {
      report.connected++;
      socket.write(Buffer.from(sends[i % sends.length]!, 'base64'));
    });
    socket.on('data', (said: Buffer) => {
      if (said.length !== constants.answerBytes || said[6] !== constants.busy) report.answered += said.length;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (!report.errors.includes(error.code!)) report.errors.push(error.code!);
    });
    socket.on('close', () => {
      report.closed++;
      if (--left === 0) process.stdout.write(JSON.stringify(report));
    });
  }
}

/** Resolves when every connection has been ended. @param other - As another user, which only root can make. */
export async function strange({ where, sends, connections }: Attack, other: boolean): Promise<AttackReport> {
  const text = JSON.stringify({ where, connections, sends: sends.map((each) => each.toString('base64')) });
  const program =
    `(${attack.toString()})(require('node:fs').readFileSync(0, 'latin1'), ` +
    `${JSON.stringify({ answerBytes, busy })}, require('node:net'))`;
  const child = spawn(process.execPath, ['-e', program], {
    cwd: '/',
    env: { PATH: process.env.PATH },
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(other && { uid: nobody, gid: nobody }),
  });
  child.stdin.end(text);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  return JSON.parse(said) as AttackReport;
}
