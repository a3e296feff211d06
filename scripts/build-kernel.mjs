/**
 * Compiles assembly/index.ts into build/kernel.wasm (shared memory, for Node) and build/kernel-unshared.wasm (for browsers).
 *
 *   node scripts/build-kernel.mjs [--check] [--force] [--out DIR]
 *
 * `--check` compiles without writing anything; `--force` compiles even if the outputs are newer than all sources.
 *
 * The result is checked for what lets any thread instantiate over a live memory: no mutable global, no start function, so
 * that an instance holds no state of its own and writes nothing but constant data. Plain JavaScript, since `npm ci` calls it
 * before the pinned Node is known to be first on the path.
 */
import { mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { main as asc } from 'assemblyscript/asc';
import { UNROLLED_LANES_URL, unrolledLanesSource } from './unrolled-lanes.mjs';
import { UNROLLED_MODULUS_URL, unrolledModulusSource } from './unrolled-modulus.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What the outputs depend on besides assembly/: the constants that both halves of the sieve read, and the build itself. */
const OTHER_SOURCES = [
  'src/kernel/siqs-header.ts',
  'scripts/build-kernel.mjs',
  'scripts/unrolled-lanes.mjs',
  'scripts/unrolled-modulus.mjs',
];

const COMMON = [
  'assembly/index.ts',
  '-O3',
  '--noAssert',
  '--runtime',
  'stub',
  '--importMemory',
  '--enable',
  'simd',
];
const MEMORY = ['--initialMemory', '1', '--maximumMemory', '65536'];
const VARIANTS = [
  { file: 'kernel.wasm', options: ['--enable', 'threads', '--sharedMemory'] },
  { file: 'kernel-unshared.wasm', options: ['--disable', 'threads'] },
];

/** TypeScript tools refuse decorators on functions, so sources say `@inline` in the doc comment; asc gets the decorator. */
export function withInlineDecorators(source) {
  return source.replaceAll(
    /\/\*\*(?:(?!\*\/)[^])*@inline\b(?:(?!\*\/)[^])*\*\//g,
    (comment) => `${comment} @inline`,
  );
}

async function compile(options) {
  const outputs = new Map();
  const messages = [];
  const stream = { write: (chunk) => messages.push(chunk) };
  const { error } = await asc(options, {
    stdout: stream,
    stderr: stream,
    readFile: (name, base) => {
      try {
        const text = readFileSync(isAbsolute(name) ? name : join(base, name), 'utf8');
        return name.endsWith('.ts') && !name.includes('node_modules') ? withInlineDecorators(text) : text;
      } catch {
        return null;
      }
    },
    writeFile: (name, contents) => void outputs.set(name, contents),
  });
  if (error) throw new Error(`Cannot compile the kernel: ${error.message}\n${messages.join('')}`);
  return outputs;
}

function assertStateless(file, text) {
  for (const forbidden of ['(mut ', '(start ']) {
    if (!text.includes(forbidden)) continue;
    const line = text
      .slice(text.lastIndexOf('\n', text.indexOf(forbidden)) + 1)
      .split('\n', 1)[0]
      .trim();
    throw new Error(`Cannot accept ${file}: an instance must hold no state, but it has ${line}`);
  }
}

function newestMtimeMs(directory) {
  return readdirSync(directory, { withFileTypes: true }).reduce((newest, entry) => {
    const path = join(directory, entry.name);
    return Math.max(newest, entry.isDirectory() ? newestMtimeMs(path) : statSync(path).mtimeMs);
  }, 0);
}

function isFresh(path, sourceMtimeMs) {
  return (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > sourceMtimeMs;
}

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    force: { type: 'boolean', default: false },
    out: { type: 'string', default: 'build' },
  },
});
const out = resolve(values.out);
process.chdir(ROOT);

if (readFileSync(UNROLLED_MODULUS_URL, 'utf8') !== unrolledModulusSource())
  throw new Error(
    'Cannot build: assembly/arithmetic/modulus-unrolled.ts is old; run node scripts/unrolled-modulus.mjs',
  );

if (readFileSync(UNROLLED_LANES_URL, 'utf8') !== unrolledLanesSource())
  throw new Error(
    'Cannot build: assembly/arithmetic/lanes-unrolled.ts is old; run node scripts/unrolled-lanes.mjs',
  );

if (values.check) {
  await compile([...COMMON, ...MEMORY, '--noEmit']);
} else {
  const sourceMtimeMs = Math.max(
    newestMtimeMs('assembly'),
    ...OTHER_SOURCES.map((path) => statSync(path).mtimeMs),
  );
  const stale = VARIANTS.filter(({ file }) => values.force || !isFresh(join(out, file), sourceMtimeMs));
  for (const { file, options } of stale) {
    const outputs = await compile([
      ...COMMON,
      ...MEMORY,
      ...options,
      '--outFile',
      file,
      '--textFile',
      `${file}.wat`,
    ]);
    assertStateless(file, outputs.get(`${file}.wat`));
    mkdirSync(out, { recursive: true });
    const temporary = join(out, `${file}.${process.pid}`);
    writeFileSync(temporary, outputs.get(file));
    renameSync(temporary, join(out, file)); // Whoever loads it meanwhile reads the old file or the new one, never a half.
  }
}
