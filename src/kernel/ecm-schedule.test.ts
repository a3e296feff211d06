import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curvesWithin, nextCurves, sieveShare } from './ecm-schedule.ts';

test('every curve has its own sigma, and bounds never fall as curves go on', () => {
  let before = nextCurves(0, 0, 300);
  for (let done = 1; done < 20_000; done++) {
    const curve = nextCurves(done, 0, 300);
    assert.ok(curve.sigma > before.sigma && curve.b1 >= before.b1 && curve.b2 >= before.b2);
    before = curve;
  }
});

test('curves of a log that were counted one by one are followed by others, whatever their number', () => {
  for (const bits of [66, 300])
    for (let done = 0; done < 200; done++) {
      const { sigma } = nextCurves(done, 0, bits);
      assert.equal(sigma, nextCurves(0, 0, bits).sigma + done);
    }
});

test('bounds stay within what the curves of the kernel take', () => {
  for (const bits of [66, 300])
    for (const done of [...Array(1_000).keys(), 2_000, 5_000, 10_000, 100_000, 1e7])
      for (const shrinks of [0, 1, 5, 40]) {
        const { sigma, b1, b2, width } = nextCurves(done, shrinks, bits);
        assert.ok(sigma >= 6 && sigma + 3 < 2 ** 16 - 3 && b2 > b1 && b2 < 2 ** 32 - 2 ** 18);
        assert.ok(b1 > width / 3, `a gap from ${b1} to ${width / 2} would cost factors`);
      }
});

test('a shrunken curve is smaller than the one that met all factors at once', () => {
  assert.ok(
    nextCurves(0, 1, 300).b1 < nextCurves(0, 0, 300).b1 &&
      nextCurves(0, 2, 300).b1 < nextCurves(0, 1, 300).b1,
  );
});

test('more time buys more curves, and larger numbers fewer', () => {
  assert.equal(curvesWithin(0, 100), 0);
  assert.ok(curvesWithin(10, 100) > curvesWithin(1, 100));
  assert.ok(curvesWithin(1_000, 300) < curvesWithin(1_000, 100));
});

test('the share of the sieve that curves may take falls as numbers grow, but for those that curves split alone', () => {
  assert.ok(sieveShare(66) > 1 && sieveShare(90) < 0.5);
  for (let bits = 73; bits < 335; bits++) assert.ok(sieveShare(bits) >= sieveShare(bits + 1));
});
