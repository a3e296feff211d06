/**
 * A service that answers in time, whatever its store does: where that is silent (Redis cannot be reached, and what was sent to it may or
 * may not have arrived), whoever asks is told so instead of being kept. Where it has been silent for so long, or this process has stood
 * still for so long, that another replica may have the store by now, nothing is told of it at all.
 *
 * What was begun goes on, and ends as it would have. So of a submission that was not answered it is not known whether it was accepted.
 */
import type { Clock } from '../base/clock.ts';
import { within } from '../base/within.ts';
import { StoreError } from '../store/store.ts';
import type {
  AcceptInput,
  AcceptResult,
  ChangeResult,
  ListRequests,
  PostValuesResult,
  Readiness,
  RequestList,
  RequestView,
  Service,
  ValuesBatchResult,
  ValuesInput,
  ValuesOfQuery,
  ValuesOfResult,
} from './service.ts';
import { UnavailableError } from './unavailable-error.ts';

/** Beyond what a call may wait for by itself. */
const ANSWER_MS = 150;
/** Of calls that do not wait for anything: with what the way to and fro takes, within 2 s. */
const ANSWER_MS_LEAST = 1_850;
const RETRY_AFTER_MS = 2_000;
const NOT_OURS =
  'This replica has not heard of Redis for so long that another one may have its database by now: it tells nothing of it until it has';
const NO_ANSWER =
  'The store did not answer in time. Whether what was asked is done is not known: with the same Idempotency-Key it is safe to ask again';

export class PromptService implements Service {
  readonly #service: Service;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #isOurs: () => boolean;

  /** `isOurs`: whether no other replica can have the store yet. */
  constructor(service: Service, clock: Pick<Clock, 'after'>, isOurs: () => boolean) {
    this.#service = service;
    this.#clock = clock;
    this.#isOurs = isOurs;
  }

  accept(input: AcceptInput): Promise<AcceptResult> {
    return this.#inTime(this.#service.accept(input));
  }

  acceptInline(input: AcceptInput, waitMs: number, signal: AbortSignal): Promise<AcceptResult> {
    return this.#inTime(this.#service.acceptInline(input, waitMs, signal), waitMs);
  }

  lookUp(requestId: string): Promise<RequestView | undefined> {
    return this.#inTime(this.#service.lookUp(requestId));
  }

  wait(requestId: string, waitMs: number, signal: AbortSignal): Promise<RequestView | undefined> {
    return this.#inTime(this.#service.wait(requestId, waitMs, signal), waitMs);
  }

  /** Ends where there is nothing to be told any more: whoever watches comes back. */
  async *watch(requestId: string, signal: AbortSignal): AsyncIterable<RequestView> {
    for await (const view of this.#service.watch(requestId, signal)) {
      if (!this.#isOurs()) return;
      yield view;
    }
  }

  list(query: ListRequests): Promise<RequestList> {
    return this.#inTime(this.#service.list(query));
  }

  cancel(requestId: string): Promise<ChangeResult> {
    return this.#inTime(this.#service.cancel(requestId));
  }

  resume(requestId: string): Promise<ChangeResult> {
    return this.#inTime(this.#service.resume(requestId));
  }

  redeliver(requestId: string): Promise<ChangeResult> {
    return this.#inTime(this.#service.redeliver(requestId));
  }

  postValues(input: ValuesInput, waitMs: number, signal: AbortSignal): Promise<PostValuesResult> {
    return this.#inTime(this.#service.postValues(input, waitMs, signal), waitMs);
  }

  valuesBatch(batchId: string, waitMs: number, signal: AbortSignal): Promise<ValuesBatchResult> {
    return this.#inTime(this.#service.valuesBatch(batchId, waitMs, signal), waitMs);
  }

  valuesOf(query: ValuesOfQuery, signal: AbortSignal): Promise<ValuesOfResult> {
    return this.#inTime(this.#service.valuesOf(query, signal));
  }

  readiness(): Readiness {
    const own = this.#service.readiness();
    if (this.#isOurs()) return own;
    return { ...own, ready: false, reasons: [...own.reasons, NOT_OURS] };
  }

  /** `answer`, if it comes within a moment after `waitMs`. Looked at last of all: what was true then may be told. */
  async #inTime<T>(answer: Promise<T>, waitMs = 0): Promise<T> {
    try {
      const told = await within(
        Math.max(ANSWER_MS_LEAST, waitMs + ANSWER_MS),
        answer,
        refuseToWait,
        this.#clock,
      );
      if (!this.#isOurs()) throw new UnavailableError('outcome_unknown', RETRY_AFTER_MS, NOT_OURS);
      return told;
    } catch (error) {
      // Refused since it would have waited behind what does not answer.
      if (!(error instanceof StoreError) || !error.retryable) throw error;
      throw new UnavailableError('outcome_unknown', RETRY_AFTER_MS, NO_ANSWER, error);
    }
  }
}

function refuseToWait(): never {
  throw new UnavailableError('outcome_unknown', RETRY_AFTER_MS, NO_ANSWER);
}
