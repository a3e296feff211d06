import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COMMANDS } from './commands.ts';
import { EXIT, SIGNAL_EXIT } from './exit-code.ts';

const DOC = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

test('docs/cli.md has every command with every option, and none besides', async () => {
  const sections = new Map(
    DOC.split(/^## /m).map((section) => [/^`fairsieve (\w+)/.exec(section)?.[1] ?? '', section]),
  );
  for (const [name, { load }] of Object.entries(COMMANDS)) {
    const section = sections.get(name);
    assert.ok(section !== undefined, `no section on ${name}`);
    const { options } = await load();
    const documented = [...section.matchAll(/^\| `--([a-z-]+)/gm)].map(([, option]) => option);
    assert.deepEqual(new Set(documented), new Set(Object.keys(options)), name);
  }
});

test('docs/cli.md has every exit code, and none besides', () => {
  const documented = [...DOC.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  const codes = [...Object.values(EXIT), ...Object.values(SIGNAL_EXIT)];
  assert.deepEqual(new Set(documented), new Set<number>(codes));
});
