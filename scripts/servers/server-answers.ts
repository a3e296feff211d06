/** Whether a server on this machine answers yet, found out by its own protocol: that a port is open says little. */
import { connect } from 'node:net';

const ANSWER_MS_MAX = 1_000;

/**
 * True if what it answers on `port`, after it was sent `say`, matches `expected`; false if nothing listens, or something else is
 * said, or nothing within a second.
 */
export function serverAnswers(port: number, say: string, expected: RegExp): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let heard = '';
    const end = (answers: boolean): void => {
      socket.destroy();
      resolve(answers);
    };
    socket.setTimeout(ANSWER_MS_MAX, () => end(false));
    socket.on('connect', () => socket.write(say));
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
      if (expected.test(heard)) end(true);
    });
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
  });
}
