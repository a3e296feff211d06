/**
 * A server, the receiver of callbacks of `fairsieve load`, hosts that hang, and what is sent through both doors that end by themselves:
 * `POST /async` and `POST /sync`.
 */
import path from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock.ts';
import { readCallerSecrets, SECRET_FILE_NAME } from '../../src/callbacks/callback-secret-file.ts';
import type { CallbackBody } from '../../src/contract/request-body.ts';
import { type Callback, CallbackMatch } from '../../src/loadgen/callback-match.ts';
import { CallbackReceiver } from '../../src/loadgen/callback-receiver.ts';
import type { CallbackBatch } from '../../src/loadgen/receiver-protocol.ts';
import { Server } from '../../test/support/server.ts';
import { isFactored } from './factored.ts';
import { type HangingHosts, startHangingHosts } from './hanging-hosts.ts';
import type { Arrival } from './open-loop.ts';
import { Samples } from './samples.ts';
import { drained, fetchRequest } from './service.ts';
import { postTo, requestIdIn } from './wire.ts';

const ENV = { FAIRSIEVE_LOG_LEVEL: 'error', FAIRSIEVE_CALLBACK_ALLOW: '127.0.0.0/8' };
const RECEIVER = {
  address: { host: '127.0.0.1', port: 0, publicUrl: undefined },
  run: 'bench',
} as const;
/** After so long without any, no more callbacks are waited for: the first two retries come within 12 s. */
const QUIET_MS_MAX = 20_000;
const LOOK_EVERY_MS = 100;
/** Of what never came, so many are told in detail. */
const TOLD_MAX = 3;
/** A repeat of what was answered with 204 would come within this time. */
const REPEAT_MS = 3_000;

/** What was sent in one phase, and how it was answered. */
export class Phase {
  /** Accepted with the promise of a callback. */
  promised = 0;
  /** The ids of those whose callback has not come. */
  readonly missing = new Set<string>();
  /** From the end of the request, as its callback tells it, to the arrival of that. */
  readonly delayMs = new Samples();
  /** From the planned moment to the answer. */
  readonly latencyMs = { async: new Samples(), sync: new Samples() };
  /** Answered with factors. */
  inline = 0;
  /** Answers of `/sync` that were 202: not ended within the wait. */
  readonly later: string[] = [];
  /** Answers that were not 2xx, or had wrong factors. */
  failed = 0;
}

/** What came of the callbacks: of one phase what was promised, its delays and its losses, of all so far the rest. */
export interface CallbackAccount {
  readonly promised: number;
  readonly delayMs: Samples;
  /** Ids of those that never came. */
  readonly lost: readonly string[];
  /** How many had come before. */
  readonly twice: number;
  readonly badlySigned: number;
  /** Not done, or with wrong factors. */
  readonly wrong: number;
  /** Numbers missing in the sequences of the callers. */
  readonly gaps: number;
  /** Came after one of the same caller with a higher number: no failure, since several are under way at a time. */
  readonly overtaken: number;
  /** When the last one came, by the wall clock. */
  readonly lastAtMs: number;
}

/** How many things there are that must not be. */
export function faultsIn({ lost, twice, badlySigned, wrong, gaps }: CallbackAccount): number {
  return lost.length + twice + badlySigned + wrong + gaps;
}

export class CallbackStage implements AsyncDisposable {
  readonly server: Server;
  readonly hanging: HangingHosts;
  readonly #receiver: CallbackReceiver;
  readonly #owned: AsyncDisposableStack;
  readonly #match = new CallbackMatch();
  #promised = 0;
  #received = 0;
  #wrong = 0;
  #lastAtMs = -Infinity;

  private constructor(
    server: Server,
    hanging: HangingHosts,
    receiver: CallbackReceiver,
    callbacks: MessagePort,
    owned: AsyncDisposableStack,
  ) {
    this.server = server;
    this.hanging = hanging;
    this.#receiver = receiver;
    this.#owned = owned;
    callbacks.on('message', (batch: CallbackBatch) => {
      for (const callback of batch) this.#match.take(callback);
    });
  }

  /** `callerIds`: whose callbacks will come. */
  static async start({
    hangingHosts,
    callerIds,
  }: {
    readonly hangingHosts: number;
    readonly callerIds: readonly string[];
  }): Promise<CallbackStage> {
    await using stack = new AsyncDisposableStack();
    const hanging = stack.use(await startHangingHosts(hangingHosts));
    const server = stack.use(await Server.start({ env: ENV }));
    const file = path.join(server.dataDir, SECRET_FILE_NAME);
    const secretsOf = (callerId: string): string[] => [
      readCallerSecrets(file, callerId, systemClock.wallMs()).current,
    ];
    const { port1, port2 } = new MessageChannel();
    stack.defer(() => port2.close());
    const receiver = stack.use(
      await CallbackReceiver.start({
        ...RECEIVER,
        secrets: { kind: 'by-caller', secrets: new Map(callerIds.map((id) => [id, secretsOf(id)])) },
        senders: [port1],
      }),
    );
    return new CallbackStage(server, hanging, receiver, port2, stack.move());
  }

  /** One number, to be told to the receiver. */
  async(callerId: string, number: string, phase: Phase): Arrival {
    const url = this.#receiver.urlFor(0);
    return {
      request: postTo('/async', callerId, `{"number":${number},"callback_url":"${url}"}`),
      onAnswer: (success, ms, body) => {
        phase.latencyMs.async.add(ms);
        if (!success) {
          phase.failed++;
          return;
        }
        const id = requestIdIn(body);
        this.#promised++;
        phase.promised++;
        phase.missing.add(id);
        this.#match.promise(id, systemClock.monotonicMs(), (callback) => this.#take(callback, phase));
      },
    };
  }

  /** One number, to be answered inline. */
  sync(callerId: string, number: string, phase: Phase): Arrival {
    return {
      request: postTo('/sync', callerId, `{"number":${number}}`),
      onAnswer: (success, ms, body) => {
        phase.latencyMs.sync.add(ms);
        if (!success) {
          phase.failed++;
          return;
        }
        const answer = JSON.parse(body.toString()) as Partial<CallbackBody> & { readonly request_id: string };
        // Only what has ended has factors.
        if (answer.prime_factors === undefined) phase.later.push(answer.request_id);
        else if (isFactored(answer as CallbackBody)) phase.inline++;
        else phase.failed++;
      },
    };
  }

  /** Has a caller owe `numbers` to each of these URLs, and waits until all of them are factored. */
  async owe(
    callerId: string,
    urls: readonly string[],
    numbersPerUrl: number,
    word: () => string,
  ): Promise<void> {
    for (const url of urls) {
      const response = await fetch(`${this.server.url}/async`, {
        method: 'POST',
        headers: { 'x-caller-id': callerId, 'content-type': 'application/json' },
        body: `{"numbers":[${Array.from({ length: numbersPerUrl }, word).join(',')}],"callback_url":"${url}"}`,
      });
      if (response.status !== 202)
        throw new Error(`A batch was answered with ${response.status}: ${await response.text()}`);
      await response.body?.cancel();
    }
    await drained(this.server.url);
  }

  /** Resolves when all that was promised so far has come, or nothing comes any more. */
  async settled(): Promise<void> {
    let before = this.#received;
    let quietSinceMs = systemClock.monotonicMs();
    while (this.#received < this.#promised && systemClock.monotonicMs() - quietSinceMs < QUIET_MS_MAX) {
      await sleep(LOOK_EVERY_MS);
      if (this.#received > before) quietSinceMs = systemClock.monotonicMs();
      before = this.#received;
    }
  }

  /** To be asked once no more load comes. */
  async account({ promised, missing, delayMs }: Phase): Promise<CallbackAccount> {
    await sleep(REPEAT_MS);
    const { twice, gaps, overtaken, badlySigned, unverified, malformed } = await this.#receiver.report();
    return {
      promised,
      delayMs,
      lost: [...missing],
      twice,
      badlySigned: badlySigned + unverified,
      wrong: this.#wrong + malformed,
      gaps,
      overtaken,
      lastAtMs: this.#lastAtMs,
    };
  }

  /** How the server says that a callback stands which never came, for a few of them. */
  async fate(requestIds: readonly string[]): Promise<string[]> {
    const requests = requestIds.slice(0, TOLD_MAX).map((id) => fetchRequest(this.server.url, id));
    return (await Promise.all(requests)).map(
      ({ request_id: id, status, delivery, sequence, next_attempt_at: nextAt }) =>
        `never came: ${id}, ${status}, delivery ${delivery}, sequence ${sequence}, next attempt at ${nextAt}`,
    );
  }

  #take({ requestId, result, wallMs }: Callback, phase: Phase): void {
    this.#received++;
    this.#lastAtMs = Math.max(this.#lastAtMs, wallMs);
    phase.missing.delete(requestId);
    phase.delayMs.add(wallMs - (result.finishedAtMs ?? Number.NaN));
    if (!isFactored({ ...result, prime_factors: result.primes })) this.#wrong++;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}
