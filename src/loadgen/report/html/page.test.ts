import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadResult } from '../../load-result.ts';
import {
  emptyResult,
  NOTHING_MEASURED,
  SAMPLE_OPTIONS,
  sampleCallers,
  sampleEndpoint,
  sampleResult,
  sampleSeconds,
} from '../sample-result.ts';
import { verdictOf } from '../verdict.ts';
import { reportPage } from './page.ts';
import { plotSeconds } from './per-second.ts';

function page(result: LoadResult): string {
  return reportPage(result, verdictOf(result, []));
}

const VOID = new Set(['meta']);

/** Fails unless every tag is closed in order, as the page writes them. */
function assertBalanced(html: string): void {
  const body = html.replace(/<style>[^<]*<\/style>/, '').replace('<!doctype html>', '');
  const open: string[] = [];
  for (const [tag, slash, name = '', rest = ''] of body.matchAll(
    /<(\/?)([a-z0-9]+)((?:\s+[a-z0-9-]+="[^"<>]*")*\s*\/?)>/gi,
  )) {
    if (slash === '/') assert.equal(open.pop(), name, tag);
    else if (!rest.endsWith('/') && !VOID.has(name)) open.push(name);
  }
  assert.deepEqual(open, []);
  assert.doesNotMatch(
    body.replaceAll(/<\/?[a-z0-9]+(?:\s+[a-z0-9-]+="[^"<>]*")*\s*\/?>/gi, ''),
    /[<>]/,
    'no tag is broken',
  );
}

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&\u0000\u202e${'x'.repeat(200)}`;

test('the page is well-formed and needs nothing from elsewhere', () => {
  const html = page(sampleResult());
  assertBalanced(html);
  assert.match(html, /^<!doctype html>\n<html lang="en">/);
  assert.doesNotMatch(html, /<script|<link|<img|\bsrc=|@import|url\(/i);
  assert.match(html, /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/);
  assert.match(html, /prefers-color-scheme:dark/);
});

test('what was never answered is told apart from what failed', () => {
  const html = page(sampleResult({ lost: 2, endpoints: [sampleEndpoint({ notAnswered: 117 })] }));
  assert.match(
    html,
    /<dt>Failed, lost, wrong<\/dt><dd>2<\/dd><dd class="note">of 750 exchanges, 117 unanswered</,
  );
});

test('of a caller that sent values only, no times are claimed', () => {
  const [first, second] = sampleCallers(2);
  const silent = { ...second!, waiting: NOTHING_MEASURED, cpuMs: 0, cpuShare: 0 };
  const [row = ''] =
    /<tr><th scope="row"><bdi>load-2<.*?<\/tr>/s.exec(page(sampleResult({ callers: [first!, silent] }))) ??
    [];
  assert.equal(row.match(/–/g)?.length, 5);
  assert.doesNotMatch(row, /0 (?:ms|%)/);
});

test('a last second that was cut off is drawn as long as it was, with its rate', () => {
  const seconds = [
    { ...sampleSeconds(1)[0]!, answered: 100 },
    { ...sampleSeconds(2)[1]!, answered: 50 },
  ];
  const [whole, half] = plotSeconds(seconds, 1_500);
  assert.deepEqual([whole?.length, whole?.answered], [1, 100]);
  assert.deepEqual([half?.length, half?.answered], [0.5, 100]);
});

test('it shows the verdict, all four plots with titles, and the numbers', () => {
  const html = page(sampleResult());
  assert.match(html, /<h1 class="good">Passed<\/h1>/);
  for (const title of ['Latency over time', 'Throughput over time', 'Latency by percentile'])
    assert.match(html, new RegExp(`<title id="[a-z]+-title">${title}</title>`));
  assert.match(html, /Waiting time per caller/);
  assert.match(html, /<bdi>load-1<\/bdi>/);
  assert.match(html, /<dt>Done and right<\/dt><dd>3,000<\/dd>/);
  assert.match(page(sampleResult({ lost: 1 })), /<h1 class="bad">Failed<\/h1>/);
  assert.match(page(sampleResult({ interrupted: true })), /<h1 class="cut">Interrupted<\/h1>/);
});

test('whatever comes from outside stays text: caller ids, reasons, URLs, wrong answers', () => {
  const html = page(
    sampleResult({
      options: { ...SAMPLE_OPTIONS, urls: [HOSTILE] },
      wrong: 1,
      wrongExamples: [HOSTILE],
      startedAt: HOSTILE,
      callers: sampleCallers(3).map((caller) => ({ ...caller, callerId: HOSTILE })),
      fairness: { jainIndex: 1, worstWaitMs: 1, worstWaitCaller: HOSTILE },
      endpoints: [sampleEndpoint({ failed: { [HOSTILE]: 1 } })],
    }),
  );
  assertBalanced(html);
  assert.doesNotMatch(html, /<script|<img/i);
  assert.ok(!html.includes('\u0000'));
  assert.match(html, /&lt;script&gt;alert\(1\)/);
});

test('a load that was never answered, one of an hour, and one of 200 callers have a page too', () => {
  const results = [
    emptyResult(),
    sampleResult({ seconds: [], callers: [], endpoints: [], callbacks: undefined }),
    sampleResult({ seconds: sampleSeconds(3_600) }),
    sampleResult({ callers: sampleCallers(200) }),
  ];
  for (const result of results) {
    const html = page(result);
    assertBalanced(html);
    assert.doesNotMatch(html, /NaN|Infinity|undefined/);
    assert.ok(html.length < 400_000, `${html.length} characters`);
  }
});

test('seconds without an answer leave a gap in the latencies', () => {
  const seconds = sampleSeconds(10).map((second) =>
    second.second === 4 ? { ...second, answered: 0, p50: 0, p99: 0, max: 0 } : second,
  );
  const html = page(sampleResult({ seconds }));
  const p50 = /<path class="stroke blue line" d="([^"]*)"/.exec(html)?.[1] ?? '';
  assert.equal(p50.match(/M/g)?.length, 2, p50);
  assert.match(html, /4 s {3}no answer/);
});
