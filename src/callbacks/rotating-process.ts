/**
 * A process made to be killed: it rotates the secrets of the callers given in turn, `times` times each, and says each rotation on
 * standard output once it is durable. For the tests of crashes only.
 */
import { StateFileError } from '../base/state-file.ts';
import { rotateCallerSecret } from './callback-secret-file.ts';
import { OVERLAP_MS } from './callback-secrets.ts';

const [file = '', firstDay = '', times = '', ...callers] = process.argv.slice(2);

/** Each waits 10 s. */
const TRIES_MAX = 20;

// A rotation is refused if there were many of late, so the days fly by.
const first = Number(firstDay);
for (let day = first; day < first + Number(times); day++)
  for (const callerId of callers) process.stdout.write(`${rotated(callerId, day)} ${callerId}\n`);

/** Others, who do nothing but this, may keep the file to themselves for long. */
function rotated(callerId: string, day: number): string {
  for (let tries = 1; ; tries++)
    try {
      return rotateCallerSecret(file, callerId, day * OVERLAP_MS).kind;
    } catch (error) {
      if (!(error instanceof StateFileError) || error.code !== 'busy' || tries === TRIES_MAX) throw error;
    }
}
