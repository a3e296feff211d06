/** For tests: loaded before a server (`--import`), it has every commit hang for as long as the file that `HANGING_COMMITS` names is there. */
import { existsSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

const LOOK_EVERY_MS = 20;
const file = process.env['HANGING_COMMITS'] ?? '';
const nobody = new Int32Array(new SharedArrayBuffer(4));
// oxlint-disable-next-line typescript/unbound-method -- called on the database that it is asked of
const { prepare } = DatabaseSync.prototype;

DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string): StatementSync {
  const statement = prepare.call(this, sql);
  if (sql !== 'COMMIT') return statement;
  const run = statement.run.bind(statement);
  statement.run = () => {
    while (existsSync(file)) Atomics.wait(nobody, 0, 0, LOOK_EVERY_MS);
    return run();
  };
  return statement;
};
