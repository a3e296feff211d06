/** A service for tests: in memory, with the outcome of each call in the hands of the test. */
import { EventEmitter, on } from 'node:events';
import { valueLine } from '../domain/value-line.ts';
import type {
  AcceptInput,
  AcceptResult,
  ChangeResult,
  ListRequests,
  PostValuesResult,
  QuotaState,
  Readiness,
  ReplicaAnswers,
  RequestList,
  RequestView,
  Service,
  Value,
  ValuesBatchResult,
  ValuesInput,
  ValuesOfQuery,
  ValuesOfResult,
} from '../service/service.ts';

export class FakeService implements Service {
  readonly requests = new Map<string, RequestView>();
  /** Every input that `accept` was given. */
  readonly accepted: AcceptInput[] = [];
  /** Answered instead of accepting, once set. */
  refusal: AcceptResult | undefined;
  /** Thrown by every call, once set. */
  failure: Error | undefined;
  /** What every caller is told of its quotas. */
  quotas: QuotaState[] = [];
  notReady: string[] = [];
  /** Every input that `postValues` was given, with how long it was to wait. */
  readonly posted: (ValuesInput & { readonly waitMs: number })[] = [];
  /** Answered by `postValues` and `valuesBatch`. */
  postResult: PostValuesResult = { kind: 'values', values: [] };
  batchResult: ValuesBatchResult = { kind: 'not_found' };
  /** Answered by `valuesOf`, page by page; ascending. */
  values: Value[] = [];
  /** Answered by `valuesOf` instead, once set. */
  valuesRefusal: ValuesOfResult | undefined;
  /** Every query of `valuesOf`. */
  readonly valueQueries: ValuesOfQuery[] = [];
  /** Who was heard for what replicas answer together. */
  replicas: ReplicaAnswers | undefined;
  /** The same, for pages of values after the first one. */
  replicasLater: ReplicaAnswers | undefined;
  /** Signals of the watches and waits that have not ended. */
  readonly watching = new Set<AbortSignal>();
  readonly #keys = new Map<string, { fingerprint: string; requests: RequestView[] }>();
  readonly #changes = new EventEmitter().setMaxListeners(0);

  // oxlint-disable-next-line typescript/require-await -- a rejection is wanted, not a throw
  async accept(input: AcceptInput): Promise<AcceptResult> {
    this.#mayFail();
    this.accepted.push(input);
    if (this.refusal !== undefined) return this.refusal;
    const key = input.idempotency && `${input.callerId} ${input.idempotency.key}`;
    const known = key === undefined ? undefined : this.#keys.get(key);
    if (known !== undefined)
      return known.fingerprint === input.idempotency?.fingerprint
        ? { kind: 'accepted', requests: known.requests, replayed: true, quotas: this.quotas }
        : { kind: 'conflict' };
    const requests = input.numbers.map((number) =>
      this.add({
        callerId: input.callerId,
        mode: input.mode,
        number: String(number),
        ...(input.callbackUrl !== undefined && {
          callbackUrl: input.callbackUrl,
          delivery: { status: 'pending', attempts: 0 },
        }),
      }),
    );
    if (key !== undefined && input.idempotency)
      this.#keys.set(key, { fingerprint: input.idempotency.fingerprint, requests });
    return { kind: 'accepted', requests, replayed: false, quotas: this.quotas };
  }

  async acceptInline(input: AcceptInput, waitMs: number, signal: AbortSignal): Promise<AcceptResult> {
    const result = await this.accept(input);
    const [first] = result.kind === 'accepted' ? result.requests : [];
    if (first === undefined || result.kind !== 'accepted') return result;
    const request = waitMs > 0 ? await this.wait(first.requestId, waitMs, signal) : undefined;
    return { ...result, requests: [request ?? this.requests.get(first.requestId) ?? first] };
  }

  /** Adds a request, queued unless told otherwise. */
  add(view: Partial<RequestView> = {}): RequestView {
    const requestId = String(this.requests.size + 1).padStart(28, '0');
    const added: RequestView = {
      requestId,
      callerId: 'acme',
      mode: 'queued',
      status: 'queued',
      number: '15',
      factors: [],
      complete: false,
      cpuMs: 0,
      acceptedAtMs: Date.UTC(2026, 10, 21, 12),
      timeline: [{ event: 'accepted', atMs: Date.UTC(2026, 10, 21, 12) }],
      ...view,
    };
    this.requests.set(added.requestId, added);
    return added;
  }

  /** Changes a request and tells those who watch it. */
  change(requestId: string, change: Partial<RequestView>): void {
    const view = this.requests.get(requestId);
    if (view === undefined) throw new Error(`No request ${requestId}`);
    this.requests.set(requestId, { ...view, ...change });
    this.#changes.emit(requestId);
  }

  // oxlint-disable-next-line typescript/require-await -- a rejection is wanted, not a throw
  async lookUp(requestId: string): Promise<RequestView | undefined> {
    this.#mayFail();
    return this.requests.get(requestId);
  }

  async wait(requestId: string, waitMs: number, signal: AbortSignal): Promise<RequestView | undefined> {
    let latest: RequestView | undefined;
    for await (const view of this.watch(
      requestId,
      AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(waitMs))]),
    ))
      latest = view;
    return latest;
  }

  async *watch(requestId: string, signal: AbortSignal): AsyncGenerator<RequestView> {
    this.#mayFail();
    this.watching.add(signal);
    try {
      const changes = on(this.#changes, requestId, { signal });
      for (;;) {
        const view = this.requests.get(requestId);
        if (view === undefined) return;
        yield view;
        if (view.status !== 'queued' && view.status !== 'running') return;
        await changes.next();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.watching.delete(signal);
    }
  }

  // oxlint-disable-next-line typescript/require-await -- a rejection is wanted, not a throw
  async list({ callerId, mode, status, delivery, cursor, limit }: ListRequests): Promise<RequestList> {
    this.#mayFail();
    const matching = [...this.requests.values()]
      .toReversed()
      .filter((view) => callerId === undefined || view.callerId === callerId)
      .filter((view) => mode === undefined || view.mode === mode)
      .filter((view) => status === undefined || view.status === status)
      .filter((view) => delivery === undefined || view.delivery?.status === delivery);
    const start = Number(cursor ?? 0);
    const requests = matching.slice(start, start + limit);
    return {
      requests,
      ...(start + limit < matching.length && { next: String(start + limit) }),
      ...(this.replicas && { replicas: this.replicas }),
    };
  }

  async cancel(requestId: string): Promise<ChangeResult> {
    return this.#transition(requestId, ['queued', 'running'], { status: 'cancelled' });
  }

  async resume(requestId: string): Promise<ChangeResult> {
    const request = this.requests.get(requestId);
    const isUntold = request?.delivery?.status === 'pending' && request.delivery.sequence !== undefined;
    if (request && isUntold) return { kind: 'refused', request };
    return this.#transition(requestId, ['partial'], { status: 'queued' });
  }

  async redeliver(requestId: string): Promise<ChangeResult> {
    this.#mayFail();
    const request = this.requests.get(requestId);
    if (request === undefined) return { kind: 'not_found' };
    const { sequence, attempts, dueAtMs = Infinity } = request.delivery ?? {};
    if (!request.delivery || sequence === undefined || (attempts === 0 && dueAtMs <= Date.now()))
      return { kind: 'refused', request };
    this.change(requestId, { delivery: { ...request.delivery, status: 'pending', attempts: 0 } });
    return { kind: 'changed', request: this.requests.get(requestId) ?? request };
  }

  // oxlint-disable-next-line typescript/require-await -- a rejection is wanted, not a throw
  async postValues(input: ValuesInput, waitMs: number, signal: AbortSignal): Promise<PostValuesResult> {
    this.#mayFail();
    this.posted.push({ ...input, waitMs });
    this.watching.add(signal);
    return this.postResult;
  }

  // oxlint-disable-next-line typescript/require-await -- a rejection is wanted, not a throw
  async valuesBatch(): Promise<ValuesBatchResult> {
    this.#mayFail();
    return this.batchResult;
  }

  // oxlint-disable-next-line typescript/require-await -- a rejection is wanted, not a throw
  async valuesOf(query: ValuesOfQuery): Promise<ValuesOfResult> {
    this.#mayFail();
    this.valueQueries.push(query);
    if (this.valuesRefusal !== undefined) return this.valuesRefusal;
    const { after = '0', limit, isKnownPrime = false } = query;
    const replicas = isKnownPrime ? (this.replicasLater ?? this.replicas) : this.replicas;
    const begin = this.#valuesUpTo(BigInt(after));
    const values = this.values.slice(begin, begin + limit);
    const last = values.at(-1);
    return {
      kind: 'values',
      lines: values.map(valueLine),
      ...(begin + limit < this.values.length && last && { next: last.number }),
      ...(replicas && { replicas }),
    };
  }

  /** How many of `values` are at most `bound`: there may be a million, and a page must not look at each. */
  #valuesUpTo(bound: bigint): number {
    let [begin, end] = [0, this.values.length];
    while (begin < end) {
      const middle = (begin + end) >> 1;
      if (BigInt(this.values[middle]!.number) <= bound) begin = middle + 1;
      else end = middle;
    }
    return begin;
  }

  readiness(): Readiness {
    return { ready: this.notReady.length === 0, reasons: this.notReady };
  }

  #transition(
    requestId: string,
    from: readonly RequestView['status'][],
    change: Partial<RequestView>,
  ): ChangeResult {
    this.#mayFail();
    const request = this.requests.get(requestId);
    if (request === undefined) return { kind: 'not_found' };
    if (!from.includes(request.status)) return { kind: 'refused', request };
    this.change(requestId, change);
    return { kind: 'changed', request: { ...request, ...change } };
  }

  #mayFail(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}
