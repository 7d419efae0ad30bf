/**
 * Who may see a dashboard. A browser brings the token in a request's body, once, and gets a cookie that scripts cannot
 * read and that no other site's requests carry.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { newToken } from '../protocol/token.js';

/** Browsers that are let in at the same time; then the one that came first has to show the token again. */
const mostSessions = 16;
/** Names by which this host's own interface is asked for; others come from pages that have changed what a name means. */
const ownNames = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;

/** One per server. */
export class DashboardAccess {
  readonly token: string = newToken();
  /** Ports share their host's cookies: each pool has a name of its own. */
  readonly #cookie = `shoal-${newToken().slice(0, 8)}`;
  /** Secrets of those who have shown the token, oldest first. */
  readonly #sessions: string[] = [];

  /** Whether a request may be looked at: it names this host, and no other site's page has made it. */
  isOurs({ headers, method }: IncomingMessage): boolean {
    const { host = '', origin } = headers;
    if (!ownNames.test(host)) return false;
    if (origin !== undefined && origin !== `http://${host}`) return false;
    // What changes something comes with its origin.
    if (method === 'POST' && origin === undefined) return false;
    const site = headers['sec-fetch-site'];
    if (site === undefined || site === 'same-origin' || site === 'none') return true;
    // A link that somebody follows: the page is given, and nothing of the pool with it.
    return headers['sec-fetch-mode'] === 'navigate' && method === 'GET';
  }

  /** Let a browser in that shows the token. Returns its cookie; undefined: it is another token. */
  enter(shown: string): string | undefined {
    if (!isSame(shown, this.token)) return undefined;
    const secret = newToken();
    this.#sessions.push(secret);
    if (this.#sessions.length > mostSessions) this.#sessions.shift();
    return `${this.#cookie}=${secret}; HttpOnly; SameSite=Strict; Path=/`;
  }

  /** Whether a request comes from a browser that was let in. */
  isKnown({ headers }: IncomingMessage): boolean {
    const cookies = (headers.cookie ?? '').split(';').map((each) => each.trim().split('='));
    const shown = cookies.find(([name]) => name === this.#cookie)?.[1] ?? '';
    let isKnown = false;
    for (const secret of this.#sessions) isKnown = isSame(shown, secret) || isKnown;
    return isKnown;
  }
}

/** In a time that says nothing of where they differ. */
function isSame(shown: string, secret: string): boolean {
  const [given, expected] = [Buffer.from(shown), Buffer.from(secret)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}
