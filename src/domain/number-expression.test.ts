import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { newWork, parseNumber } from './number-expression.ts';

const read = (text: string, digitsMax = 1000) => parseNumber(text, { digitsMax });

function value(text: string): bigint {
  const parsed = read(text);
  assert.equal(
    parsed.kind,
    'number',
    `${text}: ${JSON.stringify(parsed, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v))}`,
  );
  return parsed.kind === 'number' ? parsed.value : 0n;
}

describe('parseNumber accepts', () => {
  const accepted: Record<string, bigint> = {
    '1': 1n,
    '100000000000000000050700000000000000004563': 100000000000000000050700000000000000004563n,
    '007': 7n,
    ' 15\n': 15n,
    '0xff': 255n,
    '0XfF': 255n,
    '0x00000000000000000001': 1n,
    '2^128+1': 2n ** 128n + 1n,
    '10^40+7': 10n ** 40n + 7n,
    '30!+1': 265252859812191058636308480000001n,
    '2^2^3': 256n,
    '(2^2)^3': 64n,
    '-2^2+5': 1n,
    '2*-3+7': 1n,
    '7-2-2': 3n,
    '100/5/2': 10n,
    '2 + 3 * 4': 14n,
    '(2 + 3) * 4': 20n,
    '13#': 30030n,
    '14#': 30030n,
    '1#+0#': 2n,
    '0!+1!': 2n,
    '(3!)!': 720n,
    '2*3!^2': 72n,
    '2500!/2499!': 2500n,
    '1^99999999999999999999': 1n,
    '(0-1)^99999999999999999999+3': 2n,
    '0^0': 1n,
    '10^1000-1': 10n ** 1000n - 1n,
  };
  for (const [text, expected] of Object.entries(accepted)) {
    it(JSON.stringify(text), () => assert.equal(value(text), expected));
  }
});

describe('parseNumber refuses', () => {
  const refused: [text: string, code: string, says: RegExp][] = [
    ['', 'number_invalid', /it is empty/],
    ['   ', 'number_invalid', /it is empty/],
    ['0', 'number_out_of_range', /number 0: it is 0, at least 1/],
    ['-5', 'number_out_of_range', /number -5: it is -5, at least 1/],
    ['5-5', 'number_out_of_range', /it is 0, at least 1/],
    ['1.5', 'number_invalid', /"1.5".*not an integer/],
    ['1.0', 'number_invalid', /"1.0".*not an integer/],
    ['1e5', 'number_invalid', /"1e5".*10\^5/],
    ['1.5e5', 'number_invalid', /10\^5/],
    ['NaN', 'number_invalid', /"NaN".*not "N"/],
    ['Infinity', 'number_invalid', /not "I"/],
    ['+5', 'number_invalid', /"\+5".*not "\+"/],
    ['1 000', 'number_invalid', /operator is expected at character 3/],
    ['1_000', 'number_invalid', /not "_"/],
    ['1,000', 'number_invalid', /not ","/],
    ['0x', 'number_invalid', /0x needs hexadecimal digits/],
    ['7+0Xg', 'number_invalid', /0x needs hexadecimal digits/],
    ['10x', 'number_invalid', /not "x"/],
    ['0xfg', 'number_invalid', /not "g"/],
    ['12n', 'number_invalid', /not "n"/],
    ['2(3)', 'number_invalid', /an operator is expected/],
    ['2**3', 'number_invalid', /powers with \^, as in 2\^10, not with \*\*/],
    ['2*/3', 'number_invalid', /a number is expected at character 3/],
    ['(1+2', 'number_invalid', /ends where "\)" is expected/],
    ['1+', 'number_invalid', /ends where a number is expected/],
    ['3!!', 'number_invalid', /ambiguous, write \(n!\)!/],
    ['7/2', 'number_invalid', /7 \/ 2 is not an integer/],
    ['5/0', 'number_invalid', /divides by 0/],
    ['2^-1', 'number_invalid', /exponent -1 is negative/],
    ['(0-3)!', 'number_invalid', /-3! is not defined/],
    ['１２', 'number_invalid', /not "１"/],
    ['1\u00a05', 'number_invalid', /operator is expected/],
    ['9'.repeat(1200), 'number_out_of_range', /9{20}…9{10}: it has 1200 digits, at most 1000 are allowed/],
    ['1'.repeat(1_000_000), 'number_out_of_range', /it has 1000000 digits, at most 1000 are allowed/],
    ['10^1000', 'number_out_of_range', /it has 1001 digits, at most 1000 are allowed/],
    ['9^9^9', 'number_out_of_range', /more than 8000 digits/],
    ['2^99999999999999999999999', 'number_out_of_range', /more than 8000 digits/],
    ['100000!', 'number_out_of_range', /more than 8000 digits/],
    ['99999999999999999999#', 'number_out_of_range', /more than 8000 digits/],
    [`1${'+1'.repeat(5000)}`, 'number_out_of_range', /has 10001 characters, at most 4000 are allowed/],
    [`${'('.repeat(65)}1${')'.repeat(65)}`, 'number_out_of_range', /nested more than 64 deep/],
    [`${'-'.repeat(66)}1`, 'number_out_of_range', /nested more than 64 deep/],
  ];
  for (const [text, code, says] of refused) {
    it(JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}… (${text.length})` : text), () => {
      const parsed = read(text);
      assert.equal(parsed.kind, 'invalid');
      assert.equal(parsed.kind === 'invalid' && parsed.code, code);
      assert.match(parsed.kind === 'invalid' ? parsed.message : '', says);
      assert.ok(parsed.kind === 'invalid' && parsed.message.length < 250);
    });
  }

  it('what costs too much to evaluate, soon', () => {
    const bombs = [
      `1${'+2500!*0'.repeat(480)}`,
      `1${'+18000#*0'.repeat(400)}`,
      `2^26000/2^13000${'+2^26000/2^13000*0'.repeat(200)}`,
      `2^26000${'-1'.repeat(1900)}`,
    ];
    for (const bomb of bombs) {
      const start = process.threadCpuUsage();
      const parsed = read(bomb);
      const tookMs = process.threadCpuUsage(start).user / 1_000;
      assert.ok(tookMs < 500, `${bomb.slice(0, 20)} took ${tookMs} ms of CPU time`);
      assert.match(parsed.kind === 'invalid' ? parsed.message : '', /takes too long/);
    }
  });

  it('the rest of a batch whose expressions together cost too much, but none of its plain numbers', () => {
    const work = newWork();
    const outcomes = Array.from(
      { length: 1000 },
      () => parseNumber('2^26000-2^26000+7', { digitsMax: 1000, work }).kind,
    );
    assert.ok(outcomes.includes('number') && outcomes.at(-1) === 'invalid');
    assert.equal(parseNumber('15', { digitsMax: 1000, work }).kind, 'number');
  });

  it('no batch of 10,000 modest expressions', () => {
    const work = newWork();
    for (let i = 0; i < 10_000; i++) {
      assert.equal(parseNumber(`2*(10^98+${2 * i + 7})-3^50`, { digitsMax: 1000, work }).kind, 'number');
    }
  });
});

describe('parseNumber', () => {
  it('takes exactly as many digits as it is told', () => {
    assert.equal(read('9'.repeat(20), 20).kind, 'number');
    assert.equal(read('9'.repeat(21), 20).kind, 'invalid');
    assert.equal(read(`000${'9'.repeat(20)}`, 20).kind, 'number');
    assert.equal(read('10^19', 20).kind, 'number');
    assert.equal(read('10^20', 20).kind, 'invalid');
    assert.equal(read('9'.repeat(9999), 9999).kind, 'number');
  });

  it('agrees with bigint arithmetic on any expression', () => {
    const { expression } = fc.letrec<{ expression: { text: string; value: bigint } }>((tie) => ({
      expression: fc.oneof(
        { depthSize: 'small' },
        fc.bigInt(0n, 10n ** 30n).map((n) => ({ text: String(n), value: n })),
        fc
          .tuple(tie('expression'), fc.constantFrom('+', '-', '*'), tie('expression'))
          .map(([a, operator, b]) => ({
            text: `(${a.text}) ${operator} (${b.text})`,
            value:
              operator === '+' ? a.value + b.value : operator === '-' ? a.value - b.value : a.value * b.value,
          })),
        tie('expression').map((a) => ({ text: `-(${a.text})`, value: -a.value })),
      ),
    }));
    fc.assert(
      fc.property(expression, (e) => {
        const parsed = read(e.text);
        if (e.value >= 1n && e.value < 10n ** 1000n && e.text.length < 1000)
          assert.deepEqual(parsed, { kind: 'number', value: e.value });
        else assert.equal(parsed.kind, 'invalid');
      }),
    );
  });

  it('neither throws nor hangs on any text', () => {
    const symbols = fc.constantFrom(
      '0',
      '1',
      '9',
      '99',
      '0x',
      'f',
      '+',
      '-',
      '*',
      '/',
      '^',
      '!',
      '#',
      '(',
      ')',
      ' ',
      '.',
      'e',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(symbols, { maxLength: 60 }).map((parts) => parts.join('')),
        ),
        (text) => {
          const start = process.threadCpuUsage();
          const parsed = read(text);
          assert.ok(parsed.kind === 'number' || parsed.message.includes('Cannot accept number'));
          assert.ok(process.threadCpuUsage(start).user < 500_000);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
