import { createSecretKey } from 'node:crypto';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import vm from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CollectiveTimeoutError, ShoalError, TaskFailedError } from '../../src/errors.js';
import { encodeError } from '../../src/protocol/error-value.js';
import { Reference } from '../../src/protocol/reference.js';
import { decodeValue, encodeValue, layOut } from '../../src/protocol/values.js';
import { throwsCode } from '../support/check.js';
import fc from '../support/property.js';
import { randomOf } from '../support/random.js';
import { resizable } from '../support/resizable.js';

const test = suite('values');
const copy = (value: unknown): unknown => decodeValue(encodeValue(value, 'value'));

class Counter {
  count = 0;
  get isNew(): boolean {
    return this.count === 0;
  }
}

class Row {
  name = 'one';
}

test('with SHOAL_DEBUG=1 a warning names a class whose methods are lost, once', async () => {
  const warnings: string[] = [];
  const note = ({ message }: Error): unknown => warnings.push(message);
  const encodeAll = (value: unknown): void => {
    for (let i = 0; i < 2; i++) encodeValue(value, 'value');
  };
  const before = process.env.SHOAL_DEBUG;
  process.on('warning', note);
  try {
    delete process.env.SHOAL_DEBUG;
    encodeAll(new Counter());
    process.env.SHOAL_DEBUG = '1';
    const plain = [
      { a: 1 },
      Object.create(null),
      new Row(),
      vm.runInNewContext('({ a: 1 })'),
      [new Date(0), new Map()],
    ];
    encodeAll(plain);
    encodeAll({ list: [1, new Counter()] });
    await new Promise(setImmediate);
  } finally {
    if (before === undefined) delete process.env.SHOAL_DEBUG;
    else process.env.SHOAL_DEBUG = before;
    process.off('warning', note);
  }
  assert.is(warnings.length, 1, warnings.join('\n'));
  assert.match(warnings[0]!, /^value\.list\[1\] is .*Counter, and arrives as a plain object without its methods\./);
});

test('copies plain values, keeping what msgpack alone would change', () => {
  for (const value of [
    null,
    undefined,
    true,
    0,
    -0,
    1.5,
    NaN,
    -Infinity,
    2 ** 53,
    '',
    'ä🐟',
    5n,
    -(2n ** 100n),
    2n ** 63n,
  ]) {
    assert.ok(Object.is(copy(value), value), String(value));
  }
  const nested = {
    list: [1, -0, undefined, null],
    date: new Date(5),
    pattern: /a+/gi,
    map: new Map([[{ k: 1 }, new Set([1n])]]),
  };
  assert.equal(copy(nested), nested);
  assert.ok(Object.is((copy([-0]) as number[])[0], -0));
});

test('copies every typed array with its class, at any offset, out of shared memory too', () => {
  const classes = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array] as const;
  const more = [Float32Array, Float64Array, BigInt64Array, BigUint64Array] as const;
  for (const arrayClass of [...classes, ...more]) {
    for (const buffer of [new ArrayBuffer(64), new SharedArrayBuffer(64)]) {
      const array = new (arrayClass as typeof Uint8Array)(buffer as ArrayBuffer, arrayClass.BYTES_PER_ELEMENT, 3);
      new Uint8Array(buffer).forEach((_, i, bytes) => (bytes[i] = i));
      const got = copy({ array }) as { array: Uint8Array };
      assert.is(got.array.constructor, arrayClass);
      assert.equal([...got.array], [...array]);
      assert.ok(got.array.buffer instanceof ArrayBuffer);
      assert.is(got.array.buffer.byteLength, array.byteLength);
    }
  }
  assert.is((copy(new DataView(new ArrayBuffer(9))) as DataView).byteLength, 9);
  assert.is((copy(new ArrayBuffer(5)) as ArrayBuffer).byteLength, 5);
  assert.equal([...(copy(Buffer.from('abc')) as Uint8Array)], [97, 98, 99]);
});

test('elements of an array that are not there stay so, however many they are', () => {
  const sparse: unknown[] = [];
  sparse[3] = 1;
  sparse[4] = undefined;
  sparse[7] = [, 2]; // eslint-disable-line no-sparse-arrays
  sparse[4e9] = 'last';
  sparse.length = 4e9 + 3;
  const got = copy(sparse) as unknown[];
  assert.is(got.length, sparse.length);
  assert.equal(Object.keys(got), ['3', '4', '7', '4000000000']);
  assert.equal([got[3], got[4], Object.keys(got[7] as object), got[4e9]], [1, undefined, ['1'], 'last']);
  const named = Object.assign([, 1], { name: 'left out' }); // eslint-disable-line no-sparse-arrays
  assert.equal(Object.keys(copy(named) as object), ['1']);
});

test('keeps cycles and shared references', () => {
  const loop: { self?: unknown; pair: unknown[] } = { pair: [] };
  loop.self = loop;
  const shared = Float32Array.of(1);
  loop.pair = [shared, shared];
  const got = copy(loop) as typeof loop;
  assert.is(got.self, got);
  assert.is(got.pair[0], got.pair[1]);
});

test('keeps errors: class, name, message, stack, code, cause and own fields', () => {
  const error = Object.assign(new RangeError('low', { cause: new TypeError('deep') }), {
    code: 'E_LOW',
    at: [1, { x: -0 }],
  });
  const got = copy(error) as RangeError & { code: string; at: unknown };
  assert.instance(got, RangeError);
  assert.is(got.message, 'low');
  assert.is(got.stack, error.stack);
  assert.is(got.code, 'E_LOW');
  assert.equal(got.at, [1, { x: -0 }]);
  assert.instance(got.cause, TypeError);
  const ours = copy(new CollectiveTimeoutError('late', { missing: [{ rank: 1 }] })) as CollectiveTimeoutError;
  assert.instance(ours, CollectiveTimeoutError);
  assert.instance(ours, ShoalError);
  assert.not.instance(ours, TaskFailedError);
  assert.equal(ours.missing, [{ rank: 1 }] as never);
  const custom = Object.assign(new Error('x'), { name: 'Custom' });
  assert.is((copy(custom) as Error).name, 'Custom');
});

test('an error that refers to itself does so afterwards, one that two fields share stays one', () => {
  const loop: Error & { self?: unknown[] } = new Error('loop');
  loop.self = [loop];
  const looped = copy(loop) as typeof loop;
  assert.is(looped.self?.[0], looped);
  const shared = new Error('shared');
  const got = copy({ a: shared, b: new Map([[shared, shared]]) }) as { a: Error; b: Map<Error, Error> };
  assert.is(got.b.get(got.a), got.a);
});

test('depth is no limit, neither of values nor of what is shared at every level', () => {
  let list: unknown = null;
  for (let i = 0; i < 200_000; i++) list = { next: list };
  let length = 0;
  for (let at = copy(list) as { next: unknown } | null; at; at = at.next as typeof at) length++;
  assert.is(length, 200_000);
  let twice: unknown[] = [];
  for (let i = 0; i < 5_000; i++) twice = [twice, twice];
  const got = copy(twice) as unknown[];
  assert.is(got[0], got[1]);
});

test('the path of what is refused is that of the first part, and short however deep it is', () => {
  const refusal = (value: unknown): string =>
    (throwsCode(() => encodeValue(value, 'args'), 'NOT_SERIALIZABLE') as never as { path: string }).path;
  assert.is(refusal([1, { onDone: () => 1 }]), 'args[1].onDone');
  assert.is(refusal({ 'a b': new Map([['k', [Symbol('s')]]]) }), 'args["a b"].get("k")[0]');
  assert.is(refusal(new Set([1, new Map([[() => 1, 2]])])), 'args.values()[1].keys()[0]');
  let deep: unknown = () => 1;
  for (let i = 0; i < 10_000; i++) deep = [deep];
  assert.ok(refusal(deep).length < 200);
});

test('strings with lone surrogates arrive unchanged, as values, keys and messages', () => {
  const lone = 'hi 😀'.slice(0, 4);
  assert.is(copy(lone), lone);
  const got = copy([{ [lone]: lone }, new Map([[lone, 1]]), new Error(lone), new RegExp(lone)]) as unknown[];
  assert.equal(Object.entries(got[0] as object), [[lone, lone]]);
  assert.is((got[1] as Map<string, number>).get(lone), 1);
  assert.is((got[2] as Error).message, lone);
  assert.is((got[3] as RegExp).source, lone);
});

test('values of another realm arrive as what they are', () => {
  const got = copy(
    vm.runInNewContext(
      '[new Date(5), /a+/gi, new RangeError("low"), new Map([[1, 2]]), new Set([3]), new Float32Array([4]), new ArrayBuffer(5), new Number(6), [7], { a: 8 }, new AggregateError([new TypeError("x")], "all")]',
    ),
  ) as unknown[];
  assert.equal(got.slice(0, 2), [new Date(5), /a+/gi]);
  assert.instance(got[2], RangeError);
  assert.equal(got.slice(3, 6), [new Map([[1, 2]]), new Set([3]), Float32Array.of(4)]);
  assert.instance(got[6], ArrayBuffer);
  assert.equal(got.slice(7, 10), [6, [7], { a: 8 }]);
  assert.instance(got[10], AggregateError);
  assert.instance((got[10] as AggregateError).errors[0], TypeError);
});

test('an aborted signal gives a DOMException, which stays one', () => {
  const got = copy(AbortSignal.abort().reason) as DOMException;
  assert.instance(got, DOMException);
  assert.equal([got.name, got.message], ['AbortError', 'This operation was aborted']);
});

test('names that every object has are names like others', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf']) {
    const error = Object.assign(new Error('x'), { name, code: name });
    const got = copy({ [name]: 1, error }) as { error: Error & { code: string } };
    assert.is(Object.hasOwn(got, name), true, name);
    assert.equal([got.error.name, got.error.code, got.error.message], [name, name, 'x']);
    assert.instance(got.error, Error);
  }
  throwsCode(() => encodeValue(Object.create(Date.prototype), 'value'), 'NOT_SERIALIZABLE');
});

test('what cannot be copied is refused, and never becomes an empty object', async () => {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, true, ['encrypt']);
  const { port1, port2 } = new MessageChannel();
  port2.close();
  for (const value of [
    ...[
      new Blob([]),
      new URL('file:///a'),
      new URLSearchParams(),
      new Headers(),
      new FormData(),
      new AbortController(),
    ],
    ...[new Request('http://localhost/'), new Response(), createSecretKey(Buffer.from('secret')), key, port1],
    ...[new ReadableStream(), new TextEncoder(), new Intl.NumberFormat(), new WeakRef({}), new WeakMap()],
    ...[Promise.resolve(), new WebAssembly.Memory({ initial: 1 }), (function* () {})(), new Proxy(new Date(), {})],
    ...[new Proxy(new Map(), {}), [].values(),
    Object.defineProperty(new URL('file:///a'), Symbol.toStringTag, { value: 'x' }), new Proxy({}, { ownKeys: () => { throw new Error('no'); } })], // prettier-ignore
  ]) {
    throwsCode(() => encodeValue({ a: [value] }, 'value'), 'NOT_SERIALIZABLE');
  }
  assert.equal(copy(new Proxy({ a: [1] }, {})), { a: [1] });
  assert.equal(copy({ [Symbol.toStringTag]: 'URL', a: 1 }), { a: 1 });
});

test('what has lost its bytes, and proxies, are refused with their path', () => {
  const detached = new Float32Array(2);
  const { buffer } = detached;
  const view = new DataView(buffer);
  structuredClone(buffer, { transfer: [buffer] });
  const room = resizable(16);
  const revoked = (target: object): object => {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    return proxy;
  };
  const beyond = [new Uint8Array(room, 8, 8), new Float64Array(room, 8), new DataView(room, 8, 8)];
  const within = new Uint8Array(room, 0, 0);
  room.resize(4);
  for (const [value, text] of [
    [buffer, 'is a buffer that was detached'],
    ...[detached, view, ...beyond].map((each) => [each, 'is a view of a buffer that was detached or shrunk'] as const),
    [new Proxy(new Float32Array(1), {}), 'is a proxy of a Float32Array;'],
    [revoked({}), 'is a proxy whose traps throw'],
    [revoked(() => 1), 'is a proxy;'],
  ] as const) {
    const error = throwsCode(() => encodeValue({ a: [value] }, 'value'), 'NOT_SERIALIZABLE');
    assert.match(error.message, `value.a[0] ${text}`);
  }
  assert.equal(copy(within), new Uint8Array(0));
});

test('a message in a Buffer, which shares its memory, gives arrays of their own', () => {
  const got = decodeValue(Buffer.from(encodeValue([Float32Array.of(1, 2, 3)], 'value'))) as [Float32Array];
  assert.equal([...got[0]], [1, 2, 3]);
  assert.is(got[0].buffer.byteLength, 12);
});

test('an array that lies about its length is copied by what it has', () => {
  const array = Float32Array.of(1, 2);
  for (const field of ['length', 'byteLength', 'byteOffset', 'buffer'])
    Object.defineProperty(array, field, { value: 4e9 });
  assert.equal([...(copy([array]) as [Float32Array])[0]], [1, 2]);
});

test('a thrown value arrives whatever it holds, in bounded time and size', () => {
  const back = (value: unknown, limitBytes?: number): never => decodeValue(encodeError(value, limitBytes)) as never;
  let chain = new Error('0');
  for (let i = 1; i < 2_000; i++) chain = new Error(String(i), { cause: chain });
  const causes: string[] = [];
  for (let at: Error | undefined = back(chain, Infinity); at; at = at.cause as Error | undefined)
    causes.push(at.message);
  assert.is(causes[0], '1999');
  assert.is(causes.at(-1), '… 1899 further causes were left out');

  let shared: Error & { lastError?: unknown } = new Error('refused');
  for (let i = 0; i < 60; i++)
    shared = Object.assign(new Error(`retry ${i}`, { cause: shared }), { lastError: shared });
  const got: typeof shared = back(shared, Infinity);
  assert.is(got.cause, got.lastError);

  const config = { url: '/x', transformRequest: [() => 1], adapter: () => 2 };
  const request = Object.assign(new Error('status 500'), { code: 'ERR_BAD', config, status: 500, isAxiosError: true });
  const axios: typeof request = back(request);
  assert.equal([axios.code, axios.status, axios.config.url, axios.isAxiosError], ['ERR_BAD', 500, '/x', true]);
  assert.match(String(axios.config.adapter), 'Function');

  interface Tree { parent: Tree | undefined; children: Tree[]; text: string } // prettier-ignore
  const grow = (parent: Tree | undefined, depth: number): Tree => {
    const tree: Tree = { parent, children: [], text: 'x'.repeat(100) };
    if (depth > 0) for (let i = 0; i < 8; i++) tree.children.push(grow(tree, depth - 1));
    return tree;
  };
  const syntax = Object.assign(new SyntaxError('unexpected'), { node: grow(undefined, 5), at: 7 });
  for (const limitBytes of [Infinity, undefined]) {
    const encoded = encodeError(syntax, limitBytes);
    assert.ok(encoded.length <= (limitBytes === undefined ? 12 * 1024 : 8 * 2 ** 20), String(encoded.length));
    const copied = decodeValue(encoded) as typeof syntax;
    assert.instance(copied, SyntaxError);
    assert.equal([copied.message, copied.at], ['unexpected', 7]);
  }
  const hostile = {
    get message() {
      throw new Error('no');
    },
    toString() {
      throw new Error('no');
    },
  };
  assert.type(back(hostile), 'object');
  assert.type(back(Object.setPrototypeOf(hostile, Error.prototype)), 'object');
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assert.type(back(proxy), 'string');
  assert.equal(back({ code: 5, list: [1] }), { code: 5, list: [1] });
  assert.is(back('text'), 'text');
  assert.is(back(undefined), undefined);
  assert.is((back(new Error('m'.repeat(1e6))) as Error).message.slice(0, 3), 'mmm');
  const many = Object.assign(new RangeError('many'), { seen: new Set(Array.from({ length: 1e6 }, (_, i) => i)) });
  for (const limitBytes of [Infinity, undefined]) {
    const copied = back(many, limitBytes) as RangeError;
    assert.instance(copied, RangeError);
    assert.is(copied.message, 'many');
  }
});

test('round-trips any graph of objects', () => {
  const leaf = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.boolean(),
    fc.bigInt(),
    fc.constant(undefined),
    fc.constant(null),
  );
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.nat(3),
          fc.array(
            fc.oneof(
              leaf,
              fc.nat(20).map((index) => ({ index })),
            ),
          ),
        ),
        { minLength: 1 },
      ),
      (plan) => {
        const nodes = plan.map(([kind]): unknown => [[], {}, new Map(), new Set()][kind]);
        const pick = (slot: unknown): unknown =>
          typeof slot === 'object' && slot ? nodes[(slot as { index: number }).index % nodes.length] : slot;
        plan.forEach(([, slots], at) => {
          const node = nodes[at];
          slots.map(pick).forEach((value, i) => {
            if (Array.isArray(node)) node.push(value);
            else if (node instanceof Map) node.set(value, i);
            else if (node instanceof Set) node.add(value);
            else (node as Record<string, unknown>)[`k${i}`] = value;
          });
        });
        assert.is(inspect(copy(nodes), { depth: 6 }), inspect(nodes, { depth: 6 }));
      },
    ),
  );
});

test('keys such as __proto__ are data', () => {
  const got = copy(JSON.parse('{"__proto__": {"polluted": 1}, "a": 2}')) as Record<string, unknown>;
  assert.is((got as { polluted?: number }).polluted, undefined);
  assert.is(JSON.stringify(got), '{"__proto__":{"polluted":1},"a":2}');
});

test('round-trips whatever JSON can say', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(JSON.stringify(copy(value)), JSON.stringify(value));
    }),
  );
});

test('refuses what is truncated or damaged, whatever the bytes', () => {
  const encoded = encodeValue({ a: [1, 2, 3], b: new Float32Array(10), c: 'text' }, 'value');
  for (let length = 0; length < encoded.length; length++)
    throwsCode(() => decodeValue(encoded.slice(0, length)), 'PROTOCOL');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decodeValue(bytes);
      } catch (error) {
        assert.is((error as { code: string }).code, 'ERR_SHOAL_PROTOCOL');
      }
    }),
  );
});

test('refuses whatever is changed in a message, and with nothing but its own error', () => {
  const samples = [
    {
      a: [1, -0, undefined, ...Array<number>(1)],
      e: Array(9),
      b: new Float32Array(3),
      c: 'text',
      d: new Map([[{}, new Set([1n])]]),
    },
    [new RangeError('low', { cause: new Error('x') }), new Date(5), /a/g, new Uint8Array(5), 'hi 😀'.slice(0, 4)],
  ].map((value) => encodeValue(value, 'value'));
  let refused = 0;
  const random = randomOf(1);
  for (let i = 0; i < 200_000; i++) {
    const bytes = samples[i % samples.length]!.slice();
    for (let changes = 1 + random(3); changes > 0; changes--) bytes[random(bytes.length)] = random(256);
    try {
      decodeValue(bytes);
    } catch (error) {
      refused++;
      assert.is((error as { code: string }).code, 'ERR_SHOAL_PROTOCOL');
    }
  }
  assert.ok(refused > 50_000);
});

test('parts that are laid out are what is encoded; read in place they are views of it', () => {
  const value = {
    x: Float64Array.of(1, -0, NaN),
    bytes: new Uint8Array(3).fill(7),
    big: BigInt64Array.of(-1n),
    list: [new Int16Array(0), 'text'],
    buffer: new Uint8Array([1, 2]).buffer,
  };
  const { sizeBytes, parts } = layOut(value, 'value');
  const laid = new Uint8Array(sizeBytes);
  for (const { offset, bytes } of parts) laid.set(bytes, offset);
  assert.equal(laid, encodeValue(value, 'value'));
  const read = decodeValue(laid, { inPlace: true }) as typeof value;
  assert.is(inspect(read, { depth: 5 }), inspect(value, { depth: 5 }));
  for (const view of [read.x, read.bytes, read.big, read.list[0] as Int16Array]) {
    assert.is(view.buffer, laid.buffer);
  }
  assert.is.not(read.buffer, laid.buffer);
  // Nothing outside the bytes is ever viewed, whatever their table says.
  const random = randomOf(2);
  for (let i = 0; i < 20_000; i++) {
    const bytes = laid.slice();
    for (let changes = 1 + random(3); changes > 0; changes--) bytes[random(60)] = random(256);
    try {
      decodeValue(bytes, { inPlace: true });
    } catch (error) {
      assert.is((error as { code: string }).code, 'ERR_SHOAL_PROTOCOL');
    }
  }
});

test('a reference is what it is resolved to, once for each; elsewhere it is refused', () => {
  class Held extends Reference {}
  const [a, b] = [new Held('a', { release: () => undefined }), new Held('b', { release: () => undefined })];
  const seen: string[] = [];
  const encoded = encodeValue({ a, list: [b, a], map: new Map([[1, a]]) }, 'args', undefined, (reference, path) => {
    seen.push(path);
    return Reference.partsOf(reference)!.id;
  });
  assert.equal(seen, ['args.a', 'args.list[0]']);
  const made: Record<string, unknown> = { a: { value: 1 }, b: null };
  const decoded = decodeValue(encoded, { resolve: (id) => made[id] }) as {
    a: unknown;
    list: unknown[];
    map: Map<number, unknown>;
  };
  assert.is(decoded.a, made.a);
  assert.is(decoded.map.get(1), made.a);
  assert.equal(decoded.list, [null, made.a]);
  throwsCode(() => decodeValue(encoded), 'PROTOCOL');
  throwsCode(() => encodeValue([a], 'result'), 'NOT_SERIALIZABLE');
  throwsCode(() => encodeValue([new Proxy(a, {})], 'args', undefined, () => 'a'), 'NOT_SERIALIZABLE');
  throwsCode(() => encodeValue([Object.create(Held.prototype)], 'args', undefined, () => 'a'), 'NOT_SERIALIZABLE');
  assert.type(decodeValue(encodeError(Object.assign(new Error('x'), { a }))), 'object');
});

test('a reference is released once, by hand, by `using` or by the collector', async () => {
  class Held extends Reference {}
  const released: string[] = [];
  const owner = { release: (id: string) => released.push(id) };
  const a = new Held('a', owner);
  a.release();
  a[Symbol.dispose]();
  assert.equal(released, ['a']);
  (() => new Held('b', owner))();
  setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  for (let i = 0; i < 100 && released.length < 2; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    collect();
  }
  assert.equal(released, ['a', 'b']);
});

test.run();
