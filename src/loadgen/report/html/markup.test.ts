import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { markup } from './markup.ts';

test('what is put into a template stays text', () => {
  assert.equal(
    markup`<p title="${'"><script>'}">${"<b>&'"}</p>`.text,
    '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;&amp;&#39;</p>',
  );
});

test('markup in markup is not escaped twice, nor are lists of it', () => {
  assert.equal(
    markup`<ul>${[1, '<'].map((item) => markup`<li>${item}</li>`)}</ul>`.text,
    '<ul><li>1</li><li>&lt;</li></ul>',
  );
});

test('no text whatever brings a tag, an attribute or a character that HTML forbids', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      const inside = markup`${text}`.text;
      assert.doesNotMatch(inside, /[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/);
      assert.ok(inside.isWellFormed());
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(inside, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    }),
  );
});
