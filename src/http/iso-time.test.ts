import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as fc from 'fast-check';
import { isoTime } from './iso-time.ts';

it('isoTime gives what Date gives, in any order of times', () => {
  const near = Date.UTC(2026, 11, 31, 23, 59, 59, 999);
  const times = fc.oneof(
    fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }),
    fc.integer({ min: near - 2000, max: near + 2000 }),
    fc.double({ min: near - 10, max: near + 10, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(times, { maxLength: 10 }), (all) => {
      for (const time of all) assert.equal(isoTime(time), new Date(Math.floor(time)).toISOString());
    }),
  );
});
