import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settled } from '../base/manual-clock.ts';
import { ATTEMPTS_MIN, OPEN_MS_MIN } from '../callbacks/host-breaker.ts';
import { StoreError } from '../store/store.ts';
import { started, URL, RETRY_MS, DeliveryFixture } from './simulation/delivery-fixture.ts';

const STOP_MS = 2_000;

describe('deliveries', () => {
  test('the end of a request is told once where that succeeds, and this is written down and told', async () => {
    const fixture = await started();
    const [seq = 0] = await fixture.end('acme');
    assert.equal(fixture.attempts.length, 1);
    assert.equal(fixture.delivery(seq)?.status, 'pending');
    await fixture.last.answer(200);
    assert.deepEqual(fixture.delivery(seq), { status: 'delivered', sequence: 1, attempts: 1 });
    assert.deepEqual(fixture.changes, [fixture.stored(seq)]);
    await fixture.clock.advance(86_400_000);
    assert.equal(fixture.attempts.length, 1);
    assert.deepEqual(fixture.deliveries.size, { waiting: 0, underWay: 0 });
    assert.deepEqual(fixture.deliveries.counts, { attempts: 1, delivered: 1, dead: 0 });
  });

  test('what fails is tried again after its delay and not before, and is dead after the last attempt', async () => {
    const fixture = await started();
    const [seq = 0] = await fixture.end('acme');
    for (const [i, delayMs] of RETRY_MS.entries()) {
      await fixture.last.answer(500);
      await fixture.clock.advance(delayMs - 1);
      assert.equal(fixture.attempts.length, i + 1);
      await fixture.clock.advance(1);
      assert.equal(fixture.attempts.length, i + 2);
    }
    await fixture.last.answer(500);
    assert.deepEqual(fixture.delivery(seq), { status: 'dead', sequence: 1, attempts: 3 });
    await fixture.clock.advance(86_400_000);
    assert.equal(fixture.attempts.length, 3);
  });

  test('what this machine could not begin is put off, and is neither counted nor told as an attempt', async () => {
    const fixture = await started();
    fixture.isUnable = true;
    const [seq = 0] = await fixture.end('acme');
    const { timeline } = fixture.stored(seq);
    await fixture.clock.advance(60_000);
    const { status, attempts } = fixture.delivery(seq) ?? {};
    assert.deepEqual([status, attempts, fixture.deliveries.counts.attempts], ['pending', 0, 0]);
    assert.deepEqual(fixture.stored(seq).timeline, timeline);
    assert.ok(fixture.records < 10, `${fixture.records} were written within a minute`);
    fixture.isUnable = false;
    await fixture.clock.advance(10_000);
    await fixture.last.answer(200);
    assert.deepEqual(fixture.delivery(seq), { status: 'delivered', sequence: 1, attempts: 1 });
  });

  test('what was due when the process died is told after it has come up again, in order', async () => {
    const fixture = new DeliveryFixture();
    await fixture.write('acme', URL, 300);
    fixture.status = () => 200;
    await fixture.restart();
    for (let i = 0; i < 200 && fixture.attempts.length < 300; i++) await settled();
    assert.deepEqual(
      fixture.attempts.map(({ sequence }) => sequence),
      Array.from({ length: 300 }, (_, i) => i + 1),
    );
    await settled();
    assert.deepEqual(fixture.disk.due('acme'), []);
  });

  test('callbacks that came with another store are told too, those in memory once', async () => {
    const fixture = await started();
    const own = await fixture.end('acme', URL, 20);
    const adopted = await fixture.write('acme', URL, 30);
    fixture.deliveries.adopted('acme');
    await settled();
    for (let i = 0; i < 200 && fixture.disk.due('acme').length > 0; i++) {
      for (const attempt of fixture.attempts) await attempt.answer(200);
      await settled();
    }
    assert.deepEqual(
      fixture.attempts.map(({ seq }) => seq).toSorted((a, b) => a - b),
      [...own, ...adopted].toSorted((a, b) => a - b),
    );
    assert.deepEqual(fixture.disk.due('acme'), []);
  });

  test('an end that is told while the backlog is read is attempted once', async () => {
    const fixture = new DeliveryFixture();
    const [old = 0] = await fixture.write('acme');
    const starting = fixture.deliveries.start();
    const [fresh = 0] = await fixture.end('acme');
    await starting;
    await settled();
    assert.deepEqual(
      fixture.attempts.map(({ seq }) => seq),
      [old, fresh],
    );
  });

  test('nothing is attempted before it is known which URLs are gone', async () => {
    const fixture = new DeliveryFixture();
    fixture.disk.gone = [{ callerId: 'acme', url: URL }];
    const [seq = 0] = await fixture.end('acme');
    await fixture.deliveries.start();
    await settled();
    assert.deepEqual(fixture.attempts, []);
    assert.equal(fixture.delivery(seq)?.status, 'dead');
  });

  test('attempts of a caller begin in the order of its ends, however long their look-ups take', async () => {
    const fixture = await started();
    fixture.findMs = (seq) => (seq === 1 ? 50 : 0);
    await fixture.end('acme', URL, 3);
    await fixture.end('globex');
    assert.deepEqual(fixture.of('acme'), []);
    assert.equal(fixture.of('globex').length, 1, 'nobody else waits for that');
    await fixture.clock.advance(50);
    assert.deepEqual(
      fixture.of('acme').map(({ sequence }) => sequence),
      [1, 2, 3],
    );
  });

  test('a caller with endless endpoints that hang leaves places for others', async () => {
    const fixture = await started();
    for (let i = 0; i < 40; i++) await fixture.end('hog', `https://dead${i}.example/`);
    assert.equal(fixture.attempts.length, 8);
    fixture.status = () => 200;
    await fixture.end('acme', URL, 100);
    for (let i = 0; i < 100 && fixture.of('acme').length < 100; i++) await settled();
    assert.equal(fixture.of('acme').length, 100);
    assert.equal(fixture.of('hog').length, 8);
  });

  test('a host has a bounded number of attempts at a time, of all callers', async () => {
    const fixture = await started({ attemptsPerHostMax: 3 });
    for (const callerId of ['a', 'b', 'c', 'd', 'e']) await fixture.end(callerId);
    await fixture.end('f', 'https://other.example/');
    assert.equal(fixture.attempts.filter(({ url }) => url === URL).length, 3);
    assert.equal(fixture.of('f').length, 1);
    await fixture.attempts[0]?.answer(200);
    assert.equal(fixture.attempts.filter(({ url }) => url === URL).length, 4);
  });

  test('a host with a rate is called at that rate, in order, and nothing is written down for waiting', async () => {
    const fixture = await started({ rateOf: () => 10 });
    fixture.status = () => 200;
    await fixture.end('acme', URL, 40);
    assert.equal(fixture.attempts.length, 10);
    await fixture.clock.advance(1_000);
    assert.equal(fixture.attempts.length, 20);
    await fixture.clock.advance(2_000);
    assert.deepEqual(
      fixture.attempts.map(({ sequence }) => sequence),
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    assert.equal(fixture.records, 40);
  });

  test('while a host is down its callbacks are put off in the store, and not counted as attempted', async () => {
    const fixture = await started({ retries: { delaysMs: [3_600_000] } });
    fixture.status = () => 500;
    await fixture.end('acme', URL, ATTEMPTS_MIN);
    const [held = 0] = await fixture.end('acme');
    const delivery = fixture.delivery(held);
    assert.equal(fixture.attempts.length, ATTEMPTS_MIN);
    assert.equal(delivery?.attempts, 0);
    assert.equal(delivery.dueAtMs, fixture.clock.wallMs() + OPEN_MS_MIN);
    assert.deepEqual(
      fixture.stored(held).timeline.map(({ event }) => event),
      ['finished'],
    );
    await fixture.end('globex');
    assert.equal(fixture.of('globex').length, 1, 'the failures of one caller hold up nobody else');
    fixture.status = () => 200;
    await fixture.clock.advance(OPEN_MS_MIN);
    assert.equal(fixture.delivery(held)?.status, 'delivered');
  });

  test('what was put off keeps its order', async () => {
    const fixture = await started({ retries: { delaysMs: [3_600_000] } });
    fixture.status = () => 500;
    await fixture.end('acme', URL, ATTEMPTS_MIN);
    for (let i = 0; i < 8; i++) {
      await fixture.end('acme');
      await fixture.clock.advance(31);
    }
    fixture.status = () => 200;
    await fixture.clock.advance(OPEN_MS_MIN * 4);
    const sequences = fixture.attempts.slice(ATTEMPTS_MIN).map(({ sequence }) => sequence);
    assert.equal(sequences.length, 8);
    assert.deepEqual(
      sequences,
      sequences.toSorted((a, b) => a - b),
    );
  });

  test('while the event loop has no time to spare few attempts begin, those that hang count for nothing, and afterwards all do', async () => {
    const fixture = await started({ attemptsMax: 256, attemptsPerHostMax: 256 });
    fixture.busyShare = 1;
    // They hang.
    for (let i = 0; i < 100; i++) await fixture.end(`hog_${i}`, `http://hang${i}.example/`);
    for (let i = 0; i < 10; i++) {
      await fixture.end(`hog_${i}`, `http://hang${i}.example/`);
      await fixture.clock.advance(200);
    }
    const hanging = fixture.attempts.length;
    await fixture.end('acme', URL, 50);
    await fixture.clock.advance(10);
    const begun = fixture.attempts.length - hanging;
    assert.ok(begun >= 1 && begun <= 20, `${begun} began`);
    fixture.busyShare = 0;
    for (const { answer } of fixture.of('acme')) await answer(200);
    fixture.status = () => 200;
    for (let i = 0; i < 40; i++) await fixture.clock.advance(200);
    assert.equal(fixture.of('acme').length, 50);
  });

  test('a URL that is gone is called no more for this caller, after a restart too, until somebody asks', async () => {
    const fixture = await started();
    const [first = 0] = await fixture.end('acme');
    await fixture.last.answer(410);
    assert.equal(fixture.delivery(first)?.status, 'dead');
    const [second = 0] = await fixture.end('acme');
    await fixture.restart();
    const [third = 0] = await fixture.end('acme');
    assert.equal(fixture.attempts.length, 1);
    for (const seq of [second, third])
      assert.deepEqual(fixture.delivery(seq), {
        status: 'dead',
        sequence: fixture.delivery(seq)?.sequence,
        attempts: 0,
      });
    await fixture.end('globex');
    assert.equal(fixture.of('globex').length, 1);
    fixture.status = () => 200;
    await fixture.redeliver(third);
    assert.equal(fixture.delivery(third)?.status, 'delivered');
    const [fourth = 0] = await fixture.end('acme');
    assert.equal(fixture.delivery(fourth)?.status, 'delivered');
  });

  test('what is to be sent again while its last attempt is under way is sent again, whatever comes of that', async () => {
    const fixture = await started({ retries: { delaysMs: [] } });
    const [seq = 0] = await fixture.end('acme');
    await fixture.clock.advance(5);
    await fixture.redeliver(seq);
    assert.equal(fixture.attempts.length, 2);
    await fixture.attempts[0]?.answer(500);
    assert.equal(fixture.delivery(seq)?.status, 'pending');
    assert.deepEqual(fixture.changes, []);
    await fixture.attempts[1]?.answer(200);
    assert.equal(fixture.delivery(seq)?.status, 'delivered');
  });

  test('an attempt whose outcome the disk has no room for is written down when it has, and not made twice', async () => {
    const fixture = await started();
    const [seq = 0] = await fixture.end('acme');
    fixture.isFull = true;
    await fixture.last.answer(200);
    await fixture.clock.advance(10_000);
    assert.equal(fixture.delivery(seq)?.status, 'pending');
    assert.deepEqual(fixture.changes, []);
    fixture.isFull = false;
    await fixture.clock.advance(1_000);
    assert.equal(fixture.delivery(seq)?.status, 'delivered');
    assert.equal(fixture.attempts.length, 1);
  });

  test('stopping waits a moment for attempts under way, cuts off the others, and begins none', async () => {
    const fixture = await started();
    const [fast = 0, slow = 0] = await fixture.end('acme', URL, 2);
    let isStopped = false;
    const stopping = fixture.deliveries.stop().then(() => (isStopped = true));
    const [late = 0] = await fixture.end('globex');
    await fixture.attempts[0]?.answer(200);
    await fixture.clock.advance(STOP_MS - 1);
    assert.equal(isStopped, false);
    await fixture.clock.advance(1);
    await stopping;
    assert.equal(fixture.attempts.length, 2);
    assert.equal(fixture.clock.sleeping, 0, 'no timer is left');
    assert.equal(fixture.delivery(fast)?.status, 'delivered');
    assert.equal(fixture.delivery(slow)?.attempts, 0);

    await fixture.restart();
    const again = fixture.attempts.slice(2).map(({ seq }) => seq);
    assert.deepEqual(new Set(again), new Set([slow, late]));
  });

  test('stopping is over at once where nothing is under way', async () => {
    const fixture = await started();
    await fixture.end('acme');
    await fixture.last.answer(500);
    await fixture.deliveries.stop();
    assert.equal(fixture.clock.sleeping, 0);
  });

  test('a wall clock that is set ahead is noticed within half a minute', async () => {
    const fixture = await started({ retries: { delaysMs: [3_600_000] } });
    await fixture.end('acme');
    await fixture.last.answer(500);
    fixture.clock.setWall(3_600_000);
    await fixture.clock.advance(30_000);
    assert.equal(fixture.attempts.length, 2);
  });

  test('a wall clock that is set back by a little delays a callback by no more than that', async () => {
    const fixture = await started();
    const [seq = 0] = await fixture.write('acme');
    fixture.clock.setWall(-1_000);
    fixture.deliveries.due(fixture.stored(seq));
    await fixture.clock.advance(999);
    assert.equal(fixture.attempts.length, 0);
    await fixture.clock.advance(1);
    assert.equal(fixture.attempts.length, 1);
  });

  test('thousands of callers with one callback each are all called, with a bounded number in memory', async () => {
    const fixture = new DeliveryFixture();
    for (let i = 0; i < 1_000; i++) await fixture.write(`caller ${i}`);
    fixture.status = () => 200;
    await fixture.restart();
    for (let i = 0; i < 2_000 && fixture.attempts.length < 1_000; i++) await settled();
    const called = new Set(fixture.attempts.map(({ callerId }) => callerId));
    assert.equal(fixture.attempts.length, 1_000);
    assert.equal(called.size, 1_000);
  });

  test('a large backlog is in memory in part only', async () => {
    const fixture = new DeliveryFixture();
    await fixture.write('acme', URL, 2_000);
    await fixture.restart();
    const { waiting } = fixture.deliveries.size;
    assert.ok(waiting > 0 && waiting <= 129, `${waiting} wait in memory`);
  });

  test('what the store cannot do is told, and nothing goes on as if it had', async () => {
    const fixture = await started();
    const broken = new StoreError('broken', 'simulated');
    fixture.store.recordAttempt = () => Promise.reject(broken);
    const [seq = 0] = await fixture.end('acme');
    await fixture.last.answer(200);
    assert.deepEqual(fixture.faults, [broken]);
    assert.equal(fixture.delivery(seq)?.status, 'pending');
  });
});
