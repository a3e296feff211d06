/** Entry of a thread of a team, in Node.js and in browsers: sieves for whatever its team is at. */
import { HelpLoop } from './help-loop.ts';
import { createKernel } from './load-kernel.ts';
import { PLATFORM } from './platform.ts';
import type { FromTeamThread, ToTeamThread } from './team.ts';

const { sharedMemory: shared } = PLATFORM;
const { parentPort } = shared ? await import('node:worker_threads') : { parentPort: undefined };
const post = (message: FromTeamThread): void =>
  parentPort ? parentPort.postMessage(message, []) : globalThis.postMessage(message);

let loop: HelpLoop | undefined;

function receive(message: ToTeamThread): void {
  if (message.kind === 'begin') {
    loop = new HelpLoop({
      kernel: createKernel(message.module, shared),
      newMemory: (pages) => new WebAssembly.Memory({ initial: pages, maximum: pages, shared }),
      onChunks: (value, chunks) => post({ value, chunks }),
    });
  } else if (message.kind === 'help') loop?.help(message.value, message.lane);
  else loop?.rest();
}

if (parentPort) parentPort.on('message', receive);
else globalThis.addEventListener('message', ({ data }: MessageEvent<ToTeamThread>) => receive(data));
