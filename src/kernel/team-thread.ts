/**
 * Entry of a thread of a team, in Node.js and in browsers: helps with whatever its team is at. It imports no more of the kernel than
 * helpers need, since it is started while a number waits for it.
 */
import { HelpLoop } from './help-loop.ts';
import { PLATFORM } from './platform.ts';
import type { FromTeamThread, ToTeamThread } from './team-messages.ts';

const { sharedMemory: shared } = PLATFORM;
const { parentPort } = shared ? await import('node:worker_threads') : { parentPort: undefined };
const post = (message: FromTeamThread): void =>
  parentPort ? parentPort.postMessage(message, []) : globalThis.postMessage(message);

let loop: HelpLoop | undefined;

function receive(message: ToTeamThread): void {
  if (message.kind === 'begin') {
    loop = new HelpLoop({ module: message.module, onChunks: (_, chunks) => post(chunks) });
  } else if (message.kind === 'help') loop?.help(message.wanted, message.lane);
  else loop?.rest();
}

if (parentPort) parentPort.on('message', receive);
else globalThis.addEventListener('message', ({ data }: MessageEvent<ToTeamThread>) => receive(data));
