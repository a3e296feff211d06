import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { parseBigJson } from './big-json.ts';

function value(text: string): unknown {
  const parsed = parseBigJson(text);
  assert.equal(parsed.kind, 'json', text);
  return parsed.kind === 'json' ? parsed.value : undefined;
}

describe('parseBigJson', () => {
  const exact: [text: string, value: unknown][] = [
    [
      '{"number": 100000000000000000050700000000000000004563}',
      { number: '100000000000000000050700000000000000004563' },
    ],
    ['[999999999999999,9007199254740993]', [999999999999999, '9007199254740993']],
    ['[1e5,1.0,1E-2,-0,-7]', ['1e5', '1.0', '1E-2', '-0', '-7']],
    [
      '[true,false,null,"1e5","99999999999999999999","a\\"1.5"]',
      [true, false, null, '1e5', '99999999999999999999', 'a"1.5'],
    ],
    ['{"a\\\\":12345678901234567890}', { 'a\\': '12345678901234567890' }],
    ['{"x":1,"x":2}', { x: 2 }],
    ['12345678901234567890', '12345678901234567890'],
  ];
  for (const [text, expected] of exact) it(`reads ${text}`, () => assert.deepEqual(value(text), expected));

  const broken = [
    '',
    ' ',
    '{',
    '{"number": 15',
    '{"number": }',
    '[1,]',
    '01',
    '[0123456789012345678]',
    '1.',
    '.5',
    '1e5e5',
    '--1.5',
    '[1.5.6]',
    '12345678901234567 12345678901234567',
    '{12345678901234567: 1}',
    '{1.5 : 1}',
    '{"a": 1, 1e5:2}',
    'NaN',
    '"abc',
    '"abc\\',
    '+5',
    '0x10',
    "{'a': 1}",
    '[1.5e]',
    '[1.5',
    'tru12345678901234567',
    '[1e5-1e5]',
    '{"a":1.5:2}',
  ];
  for (const text of broken) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const parsed = parseBigJson(text);
      assert.equal(parsed.kind === 'invalid' && parsed.code, 'json_invalid');
    });
  }

  it('tells the place of a fault in the text as it was sent', () => {
    const parsed = parseBigJson('{"number": 12345678901234567890, "x": oops}');
    assert.match(parsed.kind === 'invalid' ? parsed.message : '', /not JSON: .*oops/);
  });

  it('refuses 200,000 nested brackets and a million commas at once', () => {
    const start = process.threadCpuUsage();
    assert.match(JSON.stringify(parseBigJson('['.repeat(200_000))), /nested more than 16 deep/);
    assert.match(JSON.stringify(parseBigJson('{"a":'.repeat(200_000))), /nested more than 16 deep/);
    assert.match(JSON.stringify(parseBigJson(`[${'1,'.repeat(1_000_000)}1]`)), /more than 20000 values/);
    assert.ok(process.threadCpuUsage(start).user < 500_000);
  });

  it('is linear on strings full of escapes that never end', () => {
    const start = process.threadCpuUsage();
    parseBigJson(`"${'\\"'.repeat(500_000)}`);
    parseBigJson(`"${'\\'.repeat(1_000_000)}`);
    assert.ok(process.threadCpuUsage(start).user < 500_000);
  });

  it('makes __proto__ an ordinary key', () => {
    const parsed = value('{"__proto__": 12345678901234567890}') as object;
    assert.deepEqual(Object.keys(parsed), ['__proto__']);
    assert.equal(Object.getPrototypeOf(parsed), Object.prototype);
  });

  it('takes what JSON.parse takes and refuses what it refuses', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '-',
      '.',
      'e',
      '+',
      '0',
      '12345678901234567',
      '1',
      ' ',
      'true',
    );
    const soup = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.json({ maxDepth: 3 }), soup), (text) => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        assert.equal(parseBigJson(text).kind, valid ? 'json' : 'invalid');
      }),
      { numRuns: 5000 },
    );
  });

  it('keeps the text of every number and all else as it is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.bigInt(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string())),
        (items) => {
          const text = `[${items.map((item) => (typeof item === 'string' ? JSON.stringify(item) : String(item))).join(',')}]`;
          const read = value(text) as unknown[];
          assert.deepEqual(read.map(String), items.map(String));
        },
      ),
    );
  });
});
