/** A compute thread of the BullMQ peers: gets a number in decimal, answers with its primes or why there are none. */
import os from 'node:os';
import { parentPort } from 'node:worker_threads';
import { factorWithPackages } from './factor-with-packages.ts';

/** Added to the nice value, as our own workers do, so that HTTP and queue go first. On Linux it concerns this thread only. */
const NICE = 10;
const NICE_MAX = 19;
if (process.platform === 'linux') os.setPriority(Math.min(NICE_MAX, os.getPriority() + NICE));

export interface ThreadAnswer {
  /** In decimal; absent if it failed. */
  readonly primes?: readonly string[];
  readonly error?: string;
}

function answerTo(number: string): ThreadAnswer {
  try {
    return { primes: factorWithPackages(BigInt(number)).map(String) };
  } catch (error) {
    return { error: String(error) };
  }
}

parentPort?.on('message', (number: string) => parentPort?.postMessage(answerTo(number)));
