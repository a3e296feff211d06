import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import * as Type from 'typebox';
import { type Clock, systemClock } from './clock.ts';
import { jsonStateForm } from './json-state.ts';
import { changeStateFile, type StateFileError } from './state-file.ts';
import { CHECK_MS, WatchedState } from './watched-state.ts';

const FOLDER = fs.mkdtempSync(path.join(os.tmpdir(), 'fairsieve-watched-'));
after(() => fs.rmSync(FOLDER, { recursive: true }));

const FORM = jsonStateForm({
  name: 'number',
  forbiddenMode: 0o077,
  bytesMax: 100,
  schema: Type.Object({ value: Type.Integer() }),
  fromJson: ({ value }) => value,
  toJson: (value) => ({ value }),
});

function setUp(name: string) {
  const file = path.join(FOLDER, name);
  changeStateFile(file, FORM, () => 1);
  let nowMs = 0;
  const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };
  const faults: StateFileError[] = [];
  const watched = new WatchedState({ file, form: FORM, clock, onFault: (error) => faults.push(error) });
  const later = (): number => {
    nowMs += CHECK_MS;
    return watched.get();
  };
  return { file, faults, watched, later };
}

test('a change by another process is seen within the time between two looks', () => {
  const { file, watched, later } = setUp('changed');
  changeStateFile(file, FORM, () => 2);
  assert.equal(watched.get(), 1);
  assert.equal(later(), 2);
  fs.writeFileSync(file, '{"value":3}');
  assert.equal(later(), 3);
});

test('a change of the same length within the same millisecond is seen', () => {
  const { file, later } = setUp('quick');
  const { mtime } = fs.statSync(file);
  changeStateFile(file, FORM, () => 2);
  fs.utimesSync(file, mtime, mtime);
  assert.equal(later(), 2);
});

test('a file that breaks or vanishes leaves the last good state, is told once, and is taken again when it is whole', () => {
  const { file, faults, later } = setUp('broken');
  fs.writeFileSync(file, '{');
  assert.deepEqual([later(), later(), later()], [1, 1, 1]);
  assert.deepEqual(
    faults.map(({ code }) => code),
    ['malformed'],
  );
  fs.rmSync(file);
  assert.deepEqual([later(), later()], [1, 1]);
  assert.equal(faults[1]?.code, 'absent');
  assert.equal(faults.length, 2);
  changeStateFile(file, FORM, () => 4);
  assert.equal(later(), 4);
  assert.equal(faults.length, 2);
});

test('a file that is taken back after it was broken is the good one again', () => {
  const { file, faults, later } = setUp('back');
  fs.renameSync(file, `${file}.good`);
  assert.equal(later(), 1);
  fs.renameSync(`${file}.good`, file);
  assert.equal(later(), 1);
  fs.rmSync(file);
  assert.equal(later(), 1);
  assert.equal(faults.length, 2);
});

test('a first file that cannot be used is an error, not a state', () => {
  const file = path.join(FOLDER, 'absent');
  const options = { file, form: FORM, clock: systemClock, onFault: assert.fail };
  assert.throws(() => new WatchedState(options), { name: 'StateFileError', code: 'absent' });
});
