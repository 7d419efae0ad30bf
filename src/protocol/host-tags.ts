/**
 * Tags of the runtime's own classes, in this realm; those of other realms have the same.
 *
 * They are read when a value first has a tag. In Node 22, reading what is global loads the HTTP client, for some 20 ms.
 */

/** What is global before there is user code. */
const globalNames = Object.getOwnPropertyNames(globalThis);
let hostTags: ReadonlySet<string> | undefined;

/** Whether instances of a class with this tag have a state that no copy of their fields would have. */
export function isHostTag(tag: string): boolean {
  hostTags ??= readTags();
  return hostTags.has(tag);
}

function readTags(): ReadonlySet<string> {
  const tags = new Set<string>();
  const { Temporal = {} } = globalThis as { Temporal?: object };
  const spaces: readonly (readonly [space: object, names: readonly string[]])[] = [
    [globalThis, globalNames],
    ...[Intl, WebAssembly, Temporal].map((space) => [space, Object.getOwnPropertyNames(space)] as const),
  ];
  for (const [space, names] of spaces) {
    for (const name of names) {
      const { value, get } = (Object.getOwnPropertyDescriptor(space, name) ?? {}) as { value?: unknown; get?: unknown };
      // Getters of the global object are left alone: they load the class of their name.
      if (get && /^[A-Z]/.test(name)) tags.add(name);
      const prototype = typeof value === 'function' ? (value.prototype as unknown) : undefined;
      if (typeof prototype !== 'object' || prototype === null) continue;
      const tag: unknown = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.value;
      if (typeof tag === 'string') tags.add(tag);
    }
  }
  // Classes that are loaded when somebody first uses them, and those without a global name.
  for (const tag of [
    ...[
      'Blob',
      'File',
      'FormData',
      'Headers',
      'Request',
      'Response',
      'WebSocket',
      'EventSource',
      'CryptoKey',
      'Crypto',
    ],
    ...[
      'MessagePort',
      'MessageChannel',
      'BroadcastChannel',
      'URL',
      'URLSearchParams',
      'AbortSignal',
      'AbortController',
    ],
    ...['AsyncGenerator', 'Generator', 'Iterator Helper', 'WeakRef', 'FinalizationRegistry', 'Module', 'Storage'],
    ...['Array Iterator', 'String Iterator', 'RegExp String Iterator'],
  ]) {
    tags.add(tag);
  }
  // Plain objects of some libraries and `arguments` have these tags, and lose nothing.
  for (const tag of ['Object', 'Array', 'Arguments', 'DOMException']) tags.delete(tag);
  return tags;
}
