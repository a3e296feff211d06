import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import * as Type from 'typebox';
import { jsonStateForm } from './json-state.ts';
import { takeFileLock } from './file-lock.ts';
import { changeStateFile, readStateFile, StateFileError, type StateFileErrorCode } from './state-file.ts';

const POSIX = process.platform !== 'win32';
const ROOT = process.getuid?.() === 0;
const FOLDER = fs.mkdtempSync(path.join(os.tmpdir(), 'fairsieve-state-'));
after(() => fs.rmSync(FOLDER, { recursive: true }));

const FORM = jsonStateForm({
  name: 'words',
  forbiddenMode: 0o077,
  bytesMax: 1_000,
  schema: Type.Array(Type.String(), { maxItems: 20 }),
  fromJson: (words): readonly string[] => words,
  toJson: (words) => [...words],
});

let files = 0;
function newFile(text?: string, mode = 0o600): string {
  const file = path.join(FOLDER, `words-${files++}.json`);
  if (text !== undefined) fs.writeFileSync(file, text);
  if (text !== undefined) fs.chmodSync(file, mode);
  return file;
}

function add(file: string, word: string): readonly string[] {
  return changeStateFile(file, FORM, (words = []) => [...words, word]);
}

function refusal(work: () => unknown): StateFileError {
  let refused: unknown;
  try {
    work();
  } catch (error) {
    refused = error;
  }
  assert.ok(refused instanceof StateFileError, `It was not refused: ${String(refused)}`);
  return refused;
}

function modeOf(file: string): number {
  return fs.statSync(file).mode & 0o777;
}

test('what was changed is read again, and the first change makes the file', () => {
  const file = newFile();
  assert.deepEqual(add(file, 'one'), ['one']);
  assert.deepEqual(add(file, 'two'), ['one', 'two']);
  assert.deepEqual(readStateFile(file, FORM), ['one', 'two']);
});

test('only its owner can read a new file, whatever the umask', { skip: !POSIX }, () => {
  const file = newFile();
  const before = process.umask(0);
  add(file, 'one');
  process.umask(before);
  assert.equal(modeOf(file), 0o600);
  assert.equal(modeOf(`${file}.lock`), 0o600);
});

test('a change that changes nothing leaves the file alone', () => {
  const file = newFile();
  add(file, 'one');
  const before = fs.statSync(file).ino;
  changeStateFile(file, FORM, (words = []) => words);
  assert.equal(fs.statSync(file).ino, before);
});

test('what cannot be used is refused by its path and the reason, and is left as it was', () => {
  const cases: [string, number, StateFileErrorCode, RegExp][] = [
    ['["secretA"', 0o600, 'malformed', /not JSON/],
    ['', 0o600, 'malformed', /not JSON/],
    ['["secretA", 7]', 0o600, 'malformed', /\/1 must be string/],
    ['{"secretA": 1}', 0o600, 'malformed', /must be array/],
    [`["${'secretA'.repeat(200)}"]`, 0o600, 'malformed', /1404 bytes, at most 1000/],
    ...(POSIX ? [['["secretA"]', 0o640, 'exposed', /0640; chmod 0600/] as const] : []).map(
      (row): [string, number, StateFileErrorCode, RegExp] => [...row],
    ),
  ];
  for (const [text, mode, code, why] of cases) {
    const file = newFile(text, mode);
    for (const work of [() => readStateFile(file, FORM), () => add(file, 'more')]) {
      const error = refusal(work);
      assert.equal(error.code, code);
      assert.match(error.message, why);
      assert.ok(error.message.includes(file), error.message);
      assert.ok(!`${error.stack} ${String(error.cause)}`.includes('secretA'), 'contents are in the error');
    }
    assert.equal(fs.readFileSync(file, 'utf8'), text);
  }
});

test('a file that is not there is told from one that is broken', () => {
  const file = newFile();
  const error = refusal(() => readStateFile(file, FORM));
  assert.equal(error.code, 'absent');
  assert.ok(error.message.includes(file));
});

test('a folder or a pipe in its place is refused at once', { skip: !POSIX }, () => {
  assert.equal(refusal(() => readStateFile(FOLDER, FORM)).code, 'malformed');
  assert.equal(refusal(() => readStateFile('/dev/null', FORM)).code, 'malformed');
});

test('a folder that is not there is said to be the reason', () => {
  const file = path.join(FOLDER, 'nowhere', 'words.json');
  const error = refusal(() => add(file, 'one'));
  assert.equal(error.code, 'unusable');
  assert.match(error.message, /ENOENT/);
});

test('a state too large to be read again is not written', () => {
  const file = newFile();
  add(file, 'one');
  assert.equal(refusal(() => add(file, 'x'.repeat(1_000))).code, 'full');
  assert.deepEqual(readStateFile(file, FORM), ['one']);
});

test('while another makes changes without end, a change is refused and may be tried again', () => {
  const file = newFile();
  add(file, 'one');
  {
    using lock = takeFileLock(`${file}.lock`, 0);
    assert.ok(lock);
    const error = refusal(() => changeStateFile(file, FORM, () => ['two'], 20));
    assert.deepEqual([error.code, error.retryable], ['busy', true]);
  }
  assert.deepEqual(add(file, 'two'), ['one', 'two']);
});

test('a change that throws has changed nothing, and the next one can be made', () => {
  const file = newFile();
  add(file, 'one');
  assert.throws(
    () =>
      changeStateFile(file, FORM, () => {
        throw new RangeError('no');
      }),
    RangeError,
  );
  assert.deepEqual(add(file, 'two'), ['one', 'two']);
});

test('the file keeps its permissions, and what a killed process left beside it is in nobody’s way', () => {
  const file = newFile('["one"]', 0o400);
  fs.writeFileSync(`${file}.tmp`, '["half');
  assert.deepEqual(add(file, 'two'), ['one', 'two']);
  if (POSIX) assert.equal(modeOf(file), 0o400);
  assert.equal(fs.existsSync(`${file}.tmp`), false);
});

test('of a symbolic link the target is replaced', { skip: !POSIX }, () => {
  const file = newFile('["one"]');
  const link = newFile();
  fs.symlinkSync(file, link);
  add(link, 'two');
  assert.ok(fs.lstatSync(link).isSymbolicLink());
  assert.deepEqual(readStateFile(file, FORM), ['one', 'two']);
});

test(
  'what root changes, or makes in a folder of another user, stays usable for that user',
  { skip: !ROOT },
  () => {
    const folder = fs.mkdtempSync(path.join(FOLDER, 'owned-'));
    fs.chownSync(folder, 1234, 1235);
    const file = path.join(folder, 'words.json');
    for (const word of ['one', 'two']) {
      add(file, word);
      for (const made of [file, `${file}.lock`]) {
        const { uid, gid } = fs.statSync(made);
        assert.deepEqual([uid, gid], [1234, 1235], made);
      }
    }
  },
);
