import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assetPath } from '../../src/asset.js';
import { compileKernels, instantiateKernels, Status } from '../../src/kernels/wasm-module.js';
import { canCarry, carriedOps, opsOf } from '../../src/types/contract.js';
import { dtypeNames, itemBytes } from '../../src/types/dtype.js';
import { kernelOpNames, reduceOpId, reduceOpNames } from '../../src/types/reduce-op.js';
import { nameBytes } from '../../src/operations/descriptor.js';
import { layoutNumbers, WindowLayout } from '../../src/backend/window/layout.js';

const test = suite('contract of shoal.wasm');
const module = compileKernels();
const layout = new WindowLayout(2, 2 ** 20);
const pages = Math.ceil(layout.totalBytes / 65_536);
const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
const kernels = instantiateKernels(module, memory, layout.stackTop(0));
const source = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../../wasm/src/${name}`, import.meta.url)), 'utf8');

/** The lengths of a module's function bodies: those of its code section. */
function functionBytes(bytes: Uint8Array): number[] {
  const lengths: number[] = [];
  let at = 8;
  const number = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const codeSection = 10;
  while (at < bytes.length) {
    const section = bytes[at++];
    const end = number() + at;
    for (let left = section === codeSection ? number() : 0; left > 0; left--) {
      const length = number();
      lengths.push(length);
      at += length;
    }
    at = end;
  }
  return lengths;
}

test('imports nothing but its memory', () => {
  assert.equal(WebAssembly.Module.imports(module), [{ module: 'env', name: 'memory', kind: 'memory' }]);
});

test('exports what src/kernels/wasm-module.ts declares, in the order of exports.cpp', () => {
  const declared = readFileSync(
    fileURLToPath(new URL('../../../../src/kernels/wasm-module.ts', import.meta.url)),
    'utf8',
  );
  const names = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1]!);
  const inTypeScript = names(declared, /^ {2}(shoal_\w+)\(/gm);
  assert.equal(inTypeScript, names(source('exports.cpp'), /^EXPORT .*?(shoal_\w+)\(/gm));
  const exported = WebAssembly.Module.exports(module).map(({ name }) => name);
  for (const name of [...inTypeScript, '__stack_pointer']) assert.ok(exported.includes(name), name);
});

test('keeps its kernels apart: none of its functions is longer than a compiler optimises well', () => {
  const longest = Math.max(...functionBytes(readFileSync(assetPath('#wasm'))));
  assert.ok(longest < 32_768, `${longest} bytes`);
});

test('has the numbers that TypeScript mirrors', () => {
  const inWasm = Object.keys(layoutNumbers).map((_, index) => kernels.shoal_layout(index) >>> 0);
  assert.equal(inWasm, Object.values(layoutNumbers));
  assert.is(layoutNumbers.nameBytes, nameBytes);
  assert.is(kernels.shoal_layout(inWasm.length), 0, 'a number in the kernels is not in TypeScript');
});

test('names statuses, dtypes and operations alike', () => {
  const enumOf = (text: string, name: string): string[] =>
    new RegExp(`enum ${name}[^{]*\\{([^}]*)\\}`)
      .exec(text)![1]!
      .match(/\bk[A-Z]\w*/g)!
      .map((word) => word.slice(1).toLowerCase());
  const dtypes = source('dtype.h');
  assert.equal(enumOf(dtypes, 'Dtype'), [...dtypeNames, 'dtypes']);
  assert.equal(enumOf(dtypes, 'ReduceOp'), [...reduceOpNames, 'carriedsum', 'carriedprod', 'carriedavg', 'reduceops']);
  assert.equal(enumOf(source('protocol.h'), 'Status'), Object.keys(Status));
  const bytes = /kItemBytes\[kDtypes\] = \{([^}]*)\}/.exec(dtypes)![1]!.split(',').map(Number);
  assert.equal(
    bytes,
    dtypeNames.map((dtype) => itemBytes[dtype]),
  );
});

test('has kernels for exactly the dtypes and operations that TypeScript says', () => {
  for (const [dtype, dtypeName] of dtypeNames.entries()) {
    for (const op of kernelOpNames.keys()) {
      const has = kernels.shoal_reduce(dtype, op, 0, 0, 0, 0) === 1;
      const named = opsOf(dtypeName).some((name) => reduceOpId(name) === op);
      const carried = carriedOps.some((name) => canCarry(dtypeName, name) && reduceOpId(name, true) === op);
      assert.is(has, named || carried, `${dtypeName} ${kernelOpNames[op]}`);
    }
  }
});

test('keeps several instances over one memory apart: stacks, data segments, tables', () => {
  const others = [0, 1].map((rank) => instantiateKernels(module, memory, layout.stackTop(rank)));
  assert.is.not(others[0]!.__stack_pointer.value, others[1]!.__stack_pointer.value);
  for (const other of others) assert.is(other.shoal_layout(0), 128);
  assert.is(kernels.shoal_reduce(11, 0, 0, 0, 0, 0), 1);
});

test('lays the window out without overlaps, for every number of ranks', () => {
  for (const ranks of [1, 2, 3, 4, 7, 64, 256]) {
    const at = new WindowLayout(ranks, 2 ** 20);
    const ranges: [string, number, number][] = [['header', at.header, 4096]];
    for (let slot = 0; slot < at.slots; slot++) ranges.push([`slot ${slot}`, at.slot(slot), at.slotBytes]);
    for (let rank = 0; rank < ranks; rank++) {
      ranges.push([`stack ${rank}`, at.stackTop(rank) - 65_536, 65_536]);
      ranges.push([
        `frames ${rank}`,
        at.block(rank, 0),
        at.block(rank, 15) + layoutNumbers.blockBytes - at.block(rank, 0),
      ]);
      ranges.push([`doorbell ${rank}`, at.doorbell(rank), 128]);
      ranges.push([`staging ${rank}`, at.staging(rank), at.fault(rank) - at.staging(rank)]);
      ranges.push([`fault ${rank}`, at.fault(rank), at.arena(rank) - at.fault(rank)]);
      ranges.push([`arena ${rank}`, at.arena(rank), at.arenaBytes]);
    }
    ranges.sort((a, b) => a[1] - b[1]);
    for (const [i, [name, start, length]] of ranges.entries()) {
      const end = ranges[i + 1]?.[1] ?? at.totalBytes - 65_536;
      assert.ok(start + length <= end, `${ranks} ranks: ${name} reaches into what follows`);
      assert.is(start % 128, 0, name);
    }
  }
});

test.run();
