/** What a browser gets before and after it has shown the token. The first knows nothing of the pool. */

const head = '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">';
const viewport = '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Shoal</title>';

/** For those who are not let in: it shows the token that stands behind `#`. */
export const enterPage: string = `${head}${viewport}<p id="say">This page needs the whole address that
<code>shoal dashboard</code> prints, with what stands behind #.</p><script src="/enter.js"></script></html>`;

/** The token leaves the address, and so the history, before anything is sent. */
export const enterScript = `'use strict';
const token = location.hash.slice(1);
const say = (text) => { document.getElementById('say').textContent = text; };
if (token !== '') {
  history.replaceState(null, '', '/');
  fetch('/enter', { method: 'POST', body: token }).then(
    ({ ok }) => ok ? location.reload() : say('This address is of a pool that has ended, or of another one.'),
    () => say('The pool has ended.'),
  );
}
`;

/** For those who are. */
export const mainPage: string = `${head}${viewport}<link rel="stylesheet" href="/page.css"><body>
<div id="page"></div><script type="module" src="/page.js"></script></body></html>`;
