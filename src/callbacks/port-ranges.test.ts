import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_PORT_RANGES, includesPort, parsePortRanges, portRangesText } from './port-ranges.ts';

test('the default is 80, 443 and what needs no privilege', () => {
  assert.equal(portRangesText(DEFAULT_PORT_RANGES), '80, 443, 1024-65535');
  assert.deepEqual(parsePortRanges('80,443, 1024-65535'), { kind: 'ok', ranges: [...DEFAULT_PORT_RANGES] });
  for (const port of [80, 443, 1024, 8080, 65_535])
    assert.ok(includesPort(DEFAULT_PORT_RANGES, port), `${port}`);
  for (const port of [0, 22, 25, 79, 81, 442, 444, 1023, 65_536])
    assert.ok(!includesPort(DEFAULT_PORT_RANGES, port), `${port}`);
});

test('what is no port is told, each entry by its name', () => {
  const parsed = parsePortRanges('80,0,65536,90-80,x,,1-2-3,443');
  assert.ok(parsed.kind === 'faulty');
  assert.equal(parsed.faults.length, 6);
  for (const entry of ['"0"', '"65536"', '"90-80"', '"x"', '""', '"1-2-3"'])
    assert.ok(
      parsed.faults.some((fault) => fault.startsWith(`${entry} is no port`)),
      entry,
    );
});
