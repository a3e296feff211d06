import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownUrl } from './shown-url.ts';

test('a URL without secrets is shown as it was typed', () => {
  for (const text of ['http://127.0.0.1:8080', 'https://b.example/base/', 'ftp://x', 'localhost', ''])
    assert.equal(shownUrl(text), text);
});

test('user, password and query are shown of no URL, however it was mistyped', () => {
  const cases: [string, string][] = [
    ['http://me:hush@host:80/path', 'http://…@host:80/path'],
    ['http://me:hu/sh@host', 'http://…@host'],
    ['http://me:hu@sh@host', 'http://…@host'],
    ['http:\\\\me:hu\nsh@host', 'http:\\\\…@host'],
    ['http:me:hush@host', '…@host'],
    ['me:hush@host', '…@host'],
    ['http://me:hush/99999@', 'http://…@'],
    ['http://me:hu?sh@host', 'http://…@host'],
    ['http://host/hook?token=hush#hush', 'http://host/hook?…'],
    ['http://host/hook#hush', 'http://host/hook#…'],
  ];
  for (const [typed, shown] of cases) assert.equal(shownUrl(typed), shown);
});
