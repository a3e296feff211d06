/** How the thread of a store is started: its first messages say whether the store is open, or why not, or not yet. */
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { errorMessage } from '../../base/error-message.ts';
import { StoreError } from '../store.ts';
import type { Fault } from './operation.ts';

/** The first messages of the thread: any number of `waiting`, then one of the others. `opened`: what the one who starts it wants to know. */
export type Opening =
  | { readonly kind: 'waiting'; readonly why: string }
  | { readonly kind: 'open'; readonly opened: unknown }
  | { readonly kind: 'refused'; readonly fault: Omit<Fault, 'index'> };

/** Starts the thread at `module`, or rejects with a StoreError: what the thread says, or `broken` if it says nothing. */
export async function startStoreThread(
  module: URL,
  options: WorkerOptions,
  onWaiting: (why: string) => void = () => undefined,
): Promise<{ readonly worker: Worker; readonly opened: unknown }> {
  const worker = new Worker(module, options);
  const opening = await new Promise<Exclude<Opening, { kind: 'waiting' }>>((resolve, reject) => {
    const hear = (message: Opening): void => {
      if (message.kind === 'waiting') {
        onWaiting(message.why);
        worker.once('message', hear);
      } else resolve(message);
    };
    worker.once('message', hear);
    worker.once('error', (error) =>
      reject(new StoreError('broken', `The store did not start: ${errorMessage(error)}`, error)),
    );
    worker.once('exit', (code) =>
      reject(new StoreError('broken', `The store did not start: its thread ended with code ${code}`)),
    );
  });
  if (opening.kind === 'open') return { worker, opened: opening.opened };
  await worker.terminate();
  throw new StoreError(opening.fault.code ?? 'broken', opening.fault.message);
}

/** In the thread: what to say after trying to `open`. */
export async function openingOf(open: () => unknown): Promise<Opening> {
  try {
    return { kind: 'open', opened: await open() };
  } catch (error) {
    return { kind: 'refused', fault: faultOf(error) };
  }
}

/** An error as it goes to the other thread. */
export function faultOf(error: unknown): Omit<Fault, 'index'> {
  return { code: error instanceof StoreError ? error.code : 'broken', message: errorMessage(error) };
}
