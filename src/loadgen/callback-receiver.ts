/** The receiver of a load's callbacks, as a thread of its own: started, tried, asked for its report, stopped. */
import { once } from 'node:events';
import { type MessagePort, Worker } from 'node:worker_threads';
import { moduleUrl } from '../base/module-url.ts';
import type { RequestBody } from '../contract/request-body.ts';
import type { LoadOptions } from './load-options.ts';
import { failureReason } from './exchange-outcome.ts';
import type { ExchangeEnd } from './http-connection.ts';
import {
  type FromReceiver,
  type ReceiverData,
  type ReceiverReport,
  type Secrets,
  type ToReceiver,
  TRIAL,
} from './receiver-protocol.ts';
import { headerText, type Service } from './request-text.ts';
import { askService, UnfitServiceError } from './service-check.ts';

export interface ReceiverOptions {
  readonly address: NonNullable<LoadOptions['receiver']>;
  /** Names the load in its callback URLs. */
  readonly run: string;
  readonly secrets: Secrets;
  /** Taken over; see `ReceiverData`. */
  readonly senders: readonly MessagePort[];
}

/** How long the callback of the trial is waited for. */
const TRIAL_MS_MAX = 10_000;
/** It answers as soon as what has come before is taken. */
const REPORT_MS_MAX = 60_000;
/** Its factors are known to every service at once. */
const TRIAL_NUMBER = '15';

export class CallbackReceiver implements AsyncDisposable {
  /** Rejects if its thread fails. */
  readonly failed: Promise<never>;
  readonly #worker: Worker;
  readonly #baseUrl: string;

  private constructor(worker: Worker, baseUrl: string) {
    const { promise, reject } = Promise.withResolvers<never>();
    // Whoever waits is told; nobody may.
    promise.catch(() => undefined);
    worker.once('error', reject);
    this.failed = promise;
    this.#worker = worker;
    this.#baseUrl = baseUrl;
  }

  /** Throws an UnfitServiceError that names the address if it cannot be listened on. */
  static async start({ address, run, secrets, senders }: ReceiverOptions): Promise<CallbackReceiver> {
    const { host, port, publicUrl } = address;
    const workerData: ReceiverData = { host, port, run, secrets, senders };
    const worker = new Worker(moduleUrl('./receiver-thread', import.meta.url), {
      workerData,
      transferList: [...senders],
    });
    const [message] = (await once(worker, 'message')) as [FromReceiver];
    if (message.kind !== 'listening') {
      await worker.terminate();
      const reason = message.kind === 'cannot-listen' ? message.reason : message.kind;
      throw new UnfitServiceError(
        `Cannot receive callbacks on ${host}, port ${port}: ${reason}`,
        'listening',
      );
    }
    const own = `http://${host.includes(':') ? `[${host}]` : host}:${message.port}`;
    return new CallbackReceiver(worker, `${(publicUrl ?? own).replace(/\/$/, '')}/${run}`);
  }

  /** Where callbacks for a sending thread go. */
  urlFor(thread: number): string {
    return `${this.#baseUrl}/${thread}`;
  }

  /** Has a service call back once. Throws an UnfitServiceError if it does not, and the signal's reason as soon as that aborts. */
  async tryService(service: Service, callerId: string, signal: AbortSignal): Promise<void> {
    const url = `${this.#baseUrl}/${TRIAL}`;
    const came = this.#next('trial', TRIAL_MS_MAX, signal);
    const body = `{"number":${TRIAL_NUMBER},"callback_url":"${url}"}`;
    const end = await askService(service, ({ post }) => post('/async', headerText(callerId), body), signal);
    if (end.kind === 'broken' || end.status !== 202) {
      const why = refusalText(end);
      throw new UnfitServiceError(
        `${service.url} does not take ${url} for a callback URL: ${why}`,
        isOfAddress(why) ? 'address' : 'url',
      );
    }
    const isThere = (await came) !== undefined;
    signal.throwIfAborted();
    if (!isThere) {
      const attempt = await attemptText(service, end.body.toString(), signal);
      throw new UnfitServiceError(
        `${service.url} took ${url} for a callback URL, and its call did not arrive within ${TRIAL_MS_MAX / 1000} s${attempt}`,
        isOfAddress(attempt) ? 'address' : 'back',
      );
    }
  }

  async report(): Promise<ReceiverReport> {
    const reported = this.#next('report', REPORT_MS_MAX);
    this.#worker.postMessage({ kind: 'report' } satisfies ToReceiver);
    const message = await Promise.race([reported, this.failed]);
    if (message === undefined) throw new Error('The thread that receives callbacks does not answer');
    return message.report;
  }

  /** The next message of its kind; undefined if none comes in time, or before the signal aborts. */
  #next<K extends FromReceiver['kind']>(
    kind: K,
    msMax: number,
    signal?: AbortSignal,
  ): Promise<Extract<FromReceiver, { readonly kind: K }> | undefined> {
    return new Promise((resolve) => {
      const end = (message?: Extract<FromReceiver, { readonly kind: K }>): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#worker.off('message', take);
        resolve(message);
      };
      const take = (message: FromReceiver): void => {
        if (message.kind === kind) end(message as Extract<FromReceiver, { readonly kind: K }>);
      };
      // The thread keeps the process up for as long as there is anything to wait for.
      const timer = setTimeout(end, msMax).unref();
      const abort = (): void => end();
      signal?.addEventListener('abort', abort);
      this.#worker.on('message', take);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Why a submission was not accepted: what the service says of it, where it says anything. */
function refusalText(end: ExchangeEnd): string {
  const reason = failureReason(end) ?? 'it was not queued';
  if (end.kind === 'broken') return reason;
  try {
    const { detail } = JSON.parse(end.body.toString()) as { detail?: unknown };
    return typeof detail === 'string' ? `${reason}: ${detail}` : reason;
  } catch {
    return reason;
  }
}

/** Whether the service says that it may not call such an address or name, which its operator can open. */
function isOfAddress(said: string): boolean {
  return /\baddress\b.*\ballowed\b|\bpublic names?\b/.test(said);
}

/** What the service says of its last attempt to call back, where it says anything. */
async function attemptText(service: Service, accepted: string, signal: AbortSignal): Promise<string> {
  try {
    const { request_id: id } = JSON.parse(accepted) as { request_id: string };
    const path = `/requests/${encodeURIComponent(id)}`;
    const end = await askService(service, ({ get }) => get(path), signal);
    if (end.kind === 'broken') return '';
    const { timeline } = JSON.parse(end.body.toString()) as Pick<RequestBody, 'timeline'>;
    const attempt = timeline.findLast(({ event }) => event === 'attempted');
    if (attempt?.event !== 'attempted') return ': it has not tried to';
    return `: it tried, and got ${attempt.error ?? `the answer ${attempt.status}`}`;
  } catch {
    return '';
  }
}
