import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePrefer } from './prefer.ts';

describe('parsePrefer', () => {
  const cases: [header: string | undefined, waitMs: number | undefined, respondAsync: boolean][] = [
    [undefined, undefined, false],
    ['', undefined, false],
    ['wait=10', 10_000, false],
    ['WAIT = 10', 10_000, false],
    ['wait="10"', 10_000, false],
    ['wait=1.5', 1500, false],
    ['wait=0', 0, false],
    ['respond-async, wait=5', 5000, true],
    ['wait=5; foo=bar, respond-async;x', 5000, true],
    ['wait=1, wait=2', 1000, false],
    ['wait', undefined, false],
    ['wait=', undefined, false],
    ['wait=-1', undefined, false],
    ['wait=soon', undefined, false],
    ['wait=1e3', undefined, false],
    ['return=minimal', undefined, false],
    [',,;=,"', undefined, false],
  ];
  for (const [header, waitMs, respondAsync] of cases) {
    it(`reads ${header ?? 'no header'}`, () =>
      assert.deepEqual(
        parsePrefer(header),
        waitMs === undefined ? { respondAsync } : { waitMs, respondAsync },
      ));
  }

  it('is linear on a header of 16 KiB', () => {
    const startedMs = performance.now();
    for (const piece of ['wait = ', 'a', ' ', '"', ';', 'wait="', '-'])
      parsePrefer(piece.repeat(16_384 / piece.length));
    assert.ok(performance.now() - startedMs < 500);
  });
});
