import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonReport } from './json-report.ts';
import { SAMPLE_OPTIONS, sampleResult } from './sample-result.ts';

test('the file parses to the result', () => {
  const result = sampleResult();
  assert.deepEqual(JSON.parse(jsonReport(result)), JSON.parse(JSON.stringify(result)));
});

test('keys and secrets are not written', () => {
  const text = jsonReport(
    sampleResult({
      options: { ...SAMPLE_OPTIONS, apiKey: 'fsk_hush', secretOf: { secret: 'whsec_hush' } },
    }),
  );
  assert.doesNotMatch(text, /hush/);
  assert.match(text, /"apiKey": "\(hidden\)"/);
});
