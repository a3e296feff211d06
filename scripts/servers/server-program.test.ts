import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { serverProgram, type Machine } from './server-program.ts';

const FOLDER = mkdtempSync(path.join(os.tmpdir(), 'fairsieve-programs-'));
after(() => rmSync(FOLDER, { recursive: true }));

let commands: string[];
let said: string[];
let installed: boolean;
beforeEach(() => {
  commands = [];
  said = [];
  installed = false;
});

/** A machine whose folders are FOLDER alone; what is installed appears there. */
function machine(overrides: Partial<Machine> = {}): Machine {
  return {
    folders: [path.join(FOLDER, 'nowhere'), FOLDER],
    lockFile: path.join(FOLDER, 'lock'),
    installs: true,
    run: async (command, args) => {
      commands.push([command, ...args].join(' '));
      if (args.includes('install') && installed) addProgram('nats-server');
    },
    say: (line) => said.push(line),
    ...overrides,
  };
}

function addProgram(name: string): void {
  writeFileSync(path.join(FOLDER, name), '#!/bin/sh\n');
  chmodSync(path.join(FOLDER, name), 0o755);
}

test('a program that is there is taken as it is', async () => {
  addProgram('haproxy');
  assert.equal(await serverProgram('haproxy', machine()), path.join(FOLDER, 'haproxy'));
  assert.deepEqual([commands, said], [[], []]);
});

test('one that is missing is installed once, however many ask for it, and that is said', async () => {
  installed = true;
  const asked = [serverProgram('nats-server', machine()), serverProgram('nats-server', machine())];
  assert.deepEqual(await Promise.all(asked), Array(2).fill(path.join(FOLDER, 'nats-server')));
  assert.equal(commands.filter((command) => command.includes(' install ')).length, 1);
  assert.match(said.join(), /installing the package nats-server/);
});

test('where nothing can be installed, the error says what to install', async () => {
  const asked = serverProgram('redis-server', machine({ installs: false }));
  await assert.rejects(asked, /There is no redis-server .* `apt-get install redis-server`/);
});

test('a package that brings no program is an error, and so is one that cannot be had', async () => {
  await assert.rejects(
    serverProgram('redis-server', machine()),
    /is installed, and yet there is no redis-server/,
  );
  const run = async (): Promise<void> => Promise.reject(new Error('no network'));
  await assert.rejects(serverProgram('redis-server', machine({ run })), /no network/);
});
