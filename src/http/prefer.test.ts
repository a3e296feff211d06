import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { abbreviate } from '../base/abbreviate.ts';
import { parsePrefer } from './prefer.ts';

describe('parsePrefer', () => {
  const cases: [header: string | undefined, waitMs: number | undefined, respondAsync: boolean][] = [
    [undefined, undefined, false],
    ['', undefined, false],
    ['wait=10', 10_000, false],
    ['WAIT = 10', 10_000, false],
    ['wait="10"', 10_000, false],
    ['wait=1.5', 1500, false],
    ['wait=1.1', 1100, false],
    ['wait=0', 0, false],
    ['wait=0.0004', 0, false],
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
    ['=5', undefined, false],
    ['"', undefined, false],
    ['"wait"=5', undefined, false],
    ['wait="5', undefined, false],
    ['a="wait=1, wait=2; wait=3", wait=4', 4000, false],
    [String.raw`a="\", wait=1", wait=2`, 2000, false],
    ['a="b, wait=1, respond-async', undefined, false],
    ['wait=5;a="b;c,wait=6", respond-async', 5000, true],
    [`a=${'b'.repeat(16_384)}, wait=1`, undefined, false],
  ];
  for (const [header, waitMs, respondAsync] of cases) {
    it(`reads ${abbreviate(header ?? 'no header')}`, () =>
      assert.deepEqual(
        parsePrefer(header),
        waitMs === undefined ? { respondAsync } : { waitMs, respondAsync },
      ));
  }

  it('takes no time, whatever it is given', () => {
    const pieces = [
      'a',
      ' ',
      '\t',
      '"',
      ';',
      ',',
      '=',
      '\\',
      '-',
      '0',
      '0.',
      ' "',
      'a= ',
      'wait = ',
      'wait="',
      '"x"y',
    ];
    // Short headers first: what is not linear fails on them already, and the long ones would take it hours.
    for (const length of [1000, 2000, 4000, 8000, 16_384])
      for (const first of ['', 'a', 'a= ', 'wait=', 'wait=0.', 'a="'])
        for (const piece of pieces)
          for (const last of ['', 'y', '"', '"x"y', ';']) {
            const header = first + piece.repeat((length - first.length - last.length) / piece.length) + last;
            const before = process.threadCpuUsage();
            parsePrefer(header);
            const { user, system } = process.threadCpuUsage(before);
            assert.ok(user + system < 1e6, `${length} characters: ${first} ${piece}… ${last}`);
          }
  });
});
