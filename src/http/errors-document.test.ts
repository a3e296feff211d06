import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { PROBLEMS } from '../domain/error-code.ts';

it('docs/errors.md explains every code under its status, and no other', async () => {
  const text = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const documented = [...text.matchAll(/^### `(\w+)` · (\d+)\n\n(.+)$/gm)].map(
    ([, code, status, explanation]) => {
      assert.ok((explanation ?? '').length > 40, `${code} is explained in too few words`);
      return [code ?? '', Number(status)] as const;
    },
  );
  assert.equal(
    (text.match(/^### /gm) ?? []).length,
    documented.length,
    'every heading has the form of a code',
  );
  const known = Object.entries(PROBLEMS).map(([code, { status }]) => [code, status] as const);
  const byCode = (a: readonly [string, number], b: readonly [string, number]) => (a[0] < b[0] ? -1 : 1);
  assert.deepEqual(documented.toSorted(byCode), known.toSorted(byCode));
});
