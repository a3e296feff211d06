import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkNumber, factorSettings } from './factor-options.ts';

test('what is no bigint within bounds is refused by its value, so that its type is seen, with the bound', () => {
  const cases: readonly (readonly [n: unknown, name: string, message: string])[] = [
    [0n, 'RangeError', 'Cannot factor 0: it must be at least 1'],
    [-6n, 'RangeError', 'Cannot factor -6: it must be at least 1'],
    [-(10n ** 2000n), 'RangeError', 'Cannot factor -1000000000000000000…0000000000: it must be at least 1'],
    [10n ** 1000n, 'RangeError', 'Cannot factor a number of 1001 digits: at most 1000 are allowed'],
    [15, 'TypeError', 'Cannot factor 15: it must be a bigint, as in 15n'],
    ['15', 'TypeError', 'Cannot factor "15": it must be a bigint, as in 15n'],
    [undefined, 'TypeError', 'Cannot factor undefined: it must be a bigint, as in 15n'],
    [null, 'TypeError', 'Cannot factor null: it must be a bigint, as in 15n'],
    [[15n], 'TypeError', 'Cannot factor an array: it must be a bigint, as in 15n'],
    [Symbol('15'), 'TypeError', 'Cannot factor Symbol(15): it must be a bigint, as in 15n'],
  ];
  for (const [n, name, message] of cases) assert.throws(() => checkNumber(n), { name, message });
  for (const n of [1n, 10n ** 1000n - 1n]) assert.doesNotThrow(() => checkNumber(n));
});

test('an option of the wrong type is a TypeError, one out of its bounds a RangeError; both name the value', () => {
  const threads = 'threads must be an integer from 1 to 256: it is';
  const sliceMs = 'sliceMs must be a number above 0 and at most 1000: it is';
  const cases: readonly (readonly [options: unknown, name: string, message: string])[] = [
    [null, 'TypeError', 'options must be an object: it is null'],
    [2, 'TypeError', 'options must be an object: it is 2'],
    [{ threads: '2' }, 'TypeError', `${threads} "2"`],
    [{ threads: 2n }, 'TypeError', `${threads} 2n`],
    [{ threads: null }, 'TypeError', `${threads} null`],
    [{ threads: 0 }, 'RangeError', `${threads} 0`],
    [{ threads: 257 }, 'RangeError', `${threads} 257`],
    [{ threads: 1.5 }, 'RangeError', `${threads} 1.5`],
    [{ threads: Number.NaN }, 'RangeError', `${threads} NaN`],
    [{ sliceMs: '50' }, 'TypeError', `${sliceMs} "50"`],
    [{ sliceMs: true }, 'TypeError', `${sliceMs} true`],
    [{ sliceMs: [50] }, 'TypeError', `${sliceMs} an array`],
    [{ sliceMs: 5n }, 'TypeError', `${sliceMs} 5n`],
    [{ sliceMs: 0 }, 'RangeError', `${sliceMs} 0`],
    [{ sliceMs: 1_001 }, 'RangeError', `${sliceMs} 1001`],
    [{ sliceMs: Infinity }, 'RangeError', `${sliceMs} Infinity`],
    [{ onProgress: 5 }, 'TypeError', 'onProgress must be a function: it is 5'],
    [{ onProgress: {} }, 'TypeError', 'onProgress must be a function: it is an object (Object)'],
    [{ signal: {} }, 'TypeError', 'signal must be an AbortSignal: it is an object (Object)'],
    [{ signal: null }, 'TypeError', 'signal must be an AbortSignal: it is null'],
    [
      { signal: new AbortController() },
      'TypeError',
      'signal must be an AbortSignal: it is an object (AbortController)',
    ],
  ];
  for (const [options, name, message] of cases)
    assert.throws(() => factorSettings(options), { name, message });
});

test('what is not said, or undefined, is the default; what is said stands', () => {
  assert.deepEqual(factorSettings({ threads: undefined, signal: undefined }), {
    signal: undefined,
    threads: 1,
    sliceMs: 50,
  });
  const { signal } = new AbortController();
  const onProgress = (): void => undefined;
  const options = { signal, onProgress, threads: 256, sliceMs: 1_000 };
  assert.deepEqual(factorSettings(options), options);
});
