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

const reference = [
  ['Names, options, variables', '/api'],
  ['Types and doc comments', '/reference/api/'],
  ['Command line', '/reference/command-line'],
  ['Errors', '/reference/errors'],
  ['Metrics', '/reference/metrics'],
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

const entries = (pages) => pages.map(([text, link]) => ({ text, link }));

/** @type {import('vitepress').UserConfig} */
export default {
  title: 'Shoal',
  description: 'Gangs of TypeScript tasks with collectives, on threads or MPI processes',
  lang: 'en',
  cleanUrls: false,
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
