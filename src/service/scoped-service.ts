/**
 * The service as one caller sees it: what belongs to others is not there.
 *
 * Invariant: nothing of another caller's is told or changed, and a request of another's is answered exactly as one that does not
 * exist, without waiting.
 */
import { assert } from '../base/assert.ts';
import { formatRequestId } from '../domain/request-id.ts';
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
import { parseBatchId } from './values-batch.ts';

export class ScopedService implements Service {
  readonly #service: Service;
  readonly #callerId: string;

  constructor(service: Service, callerId: string) {
    this.#service = service;
    this.#callerId = callerId;
  }

  accept(input: AcceptInput): Promise<AcceptResult> {
    this.#assertOwn(input);
    return this.#service.accept(input);
  }

  acceptInline(input: AcceptInput, waitMs: number, signal: AbortSignal): Promise<AcceptResult> {
    this.#assertOwn(input);
    return this.#service.acceptInline(input, waitMs, signal);
  }

  async lookUp(requestId: string): Promise<RequestView | undefined> {
    const view = await this.#service.lookUp(requestId);
    return view?.callerId === this.#callerId ? view : undefined;
  }

  async wait(requestId: string, waitMs: number, signal: AbortSignal): Promise<RequestView | undefined> {
    return (await this.lookUp(requestId)) && this.#service.wait(requestId, waitMs, signal);
  }

  async *watch(requestId: string, signal: AbortSignal): AsyncGenerator<RequestView, void, undefined> {
    if (await this.lookUp(requestId)) yield* this.#service.watch(requestId, signal);
  }

  /** A page of its own requests; an empty one where those of another are asked for. */
  async list(query: ListRequests): Promise<RequestList> {
    const { callerId = this.#callerId } = query;
    return callerId === this.#callerId ? this.#service.list({ ...query, callerId }) : { requests: [] };
  }

  cancel(requestId: string): Promise<ChangeResult> {
    return this.#change(requestId, () => this.#service.cancel(requestId));
  }

  resume(requestId: string): Promise<ChangeResult> {
    return this.#change(requestId, () => this.#service.resume(requestId));
  }

  redeliver(requestId: string): Promise<ChangeResult> {
    return this.#change(requestId, () => this.#service.redeliver(requestId));
  }

  postValues(input: ValuesInput, waitMs: number, signal: AbortSignal): Promise<PostValuesResult> {
    this.#assertOwn(input);
    return this.#service.postValues(input, waitMs, signal);
  }

  async valuesBatch(batchId: string, waitMs: number, signal: AbortSignal): Promise<ValuesBatchResult> {
    const batch = parseBatchId(batchId);
    const isOwn = batch && (await this.lookUp(formatRequestId(batch.first)));
    return isOwn ? this.#service.valuesBatch(batchId, waitMs, signal) : { kind: 'not_found' };
  }

  valuesOf(query: ValuesOfQuery, signal: AbortSignal): Promise<ValuesOfResult> {
    this.#assertOwn(query);
    return this.#service.valuesOf(query, signal);
  }

  readiness(): Readiness {
    return this.#service.readiness();
  }

  async #change(requestId: string, change: () => Promise<ChangeResult>): Promise<ChangeResult> {
    return (await this.lookUp(requestId)) ? change() : { kind: 'not_found' };
  }

  #assertOwn({ callerId }: Pick<AcceptInput, 'callerId'>): void {
    assert(callerId === this.#callerId, `Caller ${this.#callerId} cannot act for ${callerId}`);
  }
}
