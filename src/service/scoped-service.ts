/**
 * The service as one caller sees it: what belongs to others is not there.
 *
 * Invariant: nothing of another caller's is told or changed, and a request of another's is answered exactly as one that does not
 * exist, without waiting.
 */
import { assert } from '../base/assert.ts';
import type {
  AcceptInput,
  AcceptResult,
  ChangeResult,
  ListRequests,
  RequestView,
  Service,
} from './service.ts';

type Page = Awaited<ReturnType<Service['list']>>;

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
  async list(query: ListRequests): Promise<Page> {
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

  readiness(): ReturnType<Service['readiness']> {
    return this.#service.readiness();
  }

  async #change(requestId: string, change: () => Promise<ChangeResult>): Promise<ChangeResult> {
    return (await this.lookUp(requestId)) ? change() : { kind: 'not_found' };
  }

  #assertOwn({ callerId }: AcceptInput): void {
    assert(callerId === this.#callerId, `Caller ${this.#callerId} cannot have requests made for ${callerId}`);
  }
}
