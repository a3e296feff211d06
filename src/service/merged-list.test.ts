import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatRequestId } from '../domain/request-id.ts';
import type { RequestList, RequestView } from './service.ts';
import { mergedList } from './merged-list.ts';

const TOKEN = '0'.repeat(16);

function view(seq: number, status: RequestView['status'] = 'queued'): RequestView {
  return {
    requestId: formatRequestId({ seq, token: TOKEN }),
    callerId: 'acme',
    mode: 'queued',
    status,
    number: String(seq),
    factors: [],
    complete: false,
    cpuMs: 0,
    acceptedAtMs: seq,
    timeline: [],
  };
}

/** What one replica answers: it looks at no more than `scanMax` of its rows, and shows those that are even. */
function pageOf(
  seqs: readonly number[],
  cursor: string | undefined,
  limit: number,
  scanMax: number,
): RequestList {
  const below = seqs.filter((seq) => cursor === undefined || seq < Number(cursor)).toSorted((a, b) => b - a);
  const requests: RequestView[] = [];
  for (const [i, seq] of below.entries()) {
    if (i === scanMax || requests.length === limit) {
      const next = String(below[i - 1]);
      return { requests, next };
    }
    if (seq % 2 === 0) requests.push(view(seq));
  }
  return { requests };
}

test('page after page, everything that any replica holds is listed once, newest first', () => {
  const shards = fc.array(fc.uniqueArray(fc.nat(200), { maxLength: 40 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(
      shards,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 9 }),
      (held, limit, scanMax) => {
        const listed: number[] = [];
        let cursor: string | undefined;
        for (let pages = 0; ; pages++) {
          assert.ok(pages < 1_000, 'it comes to an end');
          const page = mergedList(
            held.map((seqs) => pageOf(seqs, cursor, limit, scanMax)),
            limit,
          );
          assert.ok(page.requests.length <= limit);
          listed.push(...page.requests.map(({ acceptedAtMs }) => acceptedAtMs));
          if (page.next === undefined) break;
          assert.ok(cursor === undefined || Number(page.next) < Number(cursor), 'it goes on');
          cursor = page.next;
        }
        const all = [...new Set(held.flat())].filter((seq) => seq % 2 === 0).toSorted((a, b) => b - a);
        assert.deepEqual(listed, all);
      },
    ),
  );
});

test('a request that is in two places while it is handed over is shown as it ended', () => {
  const page = mergedList([{ requests: [view(8)] }, { requests: [view(8, 'done')] }], 5);
  assert.deepEqual(
    page.requests.map(({ status }) => status),
    ['done'],
  );
});
