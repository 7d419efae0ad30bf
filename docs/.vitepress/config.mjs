/** The site that `npm run docs` builds from docs/. Nothing is loaded from elsewhere; a link that leads nowhere ends the build. */
import { existsSync } from 'node:fs';

const guide = [
  ['Start', '/guide/start'],
  ['Tasks', '/guide/tasks'],
  ['Arrays and collectives', '/guide/collectives'],
  ['Training', '/guide/training'],
  ['Gangs, share and keep', '/guide/gangs'],
  ['A service', '/guide/service'],
  ['Dashboard', '/guide/dashboard'],
  ['Traces', '/guide/traces'],
  ['OpenTelemetry', '/guide/opentelemetry'],
  ['Processes and many hosts', '/guide/hosts'],
  ['Tests of your own', '/guide/testing'],
  ['Failures', '/guide/failures'],
  ['Performance of your program', '/guide/performance'],
];

/** A page of each entry of the package, which `npm run docs` makes. */
const api = [
  ['shoal', '/reference/api/shoal/'],
  ['shoal/worker', '/reference/api/shoal/worker/'],
  ['shoal/ray', '/reference/api/shoal/ray/'],
  ['shoal/testing', '/reference/api/shoal/testing/'],
];

const reference = [
  ['Names, options, variables', '/api'],
  ['Types and doc comments', '/reference/api/', api],
  ['Command line', '/reference/command-line'],
  ['Errors', '/reference/errors'],
  ['Metrics', '/reference/metrics'],
  ['Platforms', '/reference/platforms'],
  ['Numeric contract', '/numeric-contract'],
  ['Coverage', '/coverage'],
  ['Conformance', '/conformance'],
];

const concepts = [
  ['Scheduling', '/concepts/scheduling'],
  ['Life of a pool', '/concepts/pool-life'],
  ['The window', '/concepts/window'],
  ['Module versions', '/concepts/modules'],
  ['What is copied when', '/concepts/copies'],
];

const more = [
  ['Examples', '/examples'],
  ['Coming from other libraries', '/coming-from'],
  ['Architecture', '/architecture'],
  ['Window protocol', '/window-protocol'],
  ['Wire', '/wire'],
  ['Performance', '/performance'],
  ['Security', '/security'],
  ['Failure semantics', '/failure-semantics'],
  ['Known limits', '/limits'],
  ['Troubleshooting', '/troubleshooting'],
  ['Decisions', '/decisions/README'],
  ['Glossary', '/glossary'],
];

const entries = (pages) =>
  pages.map(([text, link, below]) => ({ text, link, ...(below && { items: entries(below), collapsed: true }) }));

/** A ring of ranks, as a picture in the address: nothing is fetched for it. */
const dots = [0, 1, 2, 3, 4, 5].map((i) => {
  const [x, y] = [Math.cos, Math.sin].map((f) => Math.round(16 + 10 * f((i * Math.PI) / 3)));
  return `<circle cx="${x}" cy="${y}" r="4" fill="#3451b2"/>`;
});
const icon = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${dots.join('')}</svg>`,
)}`;

/** @type {import('vitepress').UserConfig} */
export default {
  title: 'Shoal',
  description: 'Gangs of TypeScript tasks with collectives, on threads or MPI processes',
  lang: 'en',
  cleanUrls: false,
  head: [['link', { rel: 'icon', href: icon }]],
  // Made from the doc comments, and absent when only the pages are checked.
  ignoreDeadLinks: existsSync(new URL('../reference/api/index.md', import.meta.url)) ? false : [/^\/reference\/api\//],
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/guide/start' },
      { text: 'Reference', link: '/api' },
      { text: 'Concepts', link: '/concepts/scheduling' },
    ],
    sidebar: [
      { text: 'Guide', items: entries(guide) },
      { text: 'Reference', items: entries(reference) },
      { text: 'Concepts', items: entries(concepts) },
      { text: 'More', items: entries(more) },
    ],
  },
};
