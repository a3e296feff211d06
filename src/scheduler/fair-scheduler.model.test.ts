/** The scheduler against a model that says the same rules in the most obvious way, looking at everything each time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Entry, goesFirst } from './entry.ts';
import { type Dispatch, FairScheduler } from './fair-scheduler.ts';

const OPTIONS = { sliceMs: 50, placeBytesMax: 100, residencyMs: 120 };
const WEIGHTS = [1, 1, 2, 0.5, 1];
const weightOf = (callerId: string): number => WEIGHTS[Number(callerId)] ?? 1;

interface ModelCaller {
  tag: number;
  served: number;
  readonly order: number;
}

interface ModelJob {
  readonly bytes: number;
  estimateMs: number;
  running:
    | { dispatch: Dispatch; payer: string; charge: number; lost: boolean; seqs: Set<number> }
    | undefined;
  place: { readonly order: number; cpuMs: number; tag: number } | undefined;
  memory: boolean;
}

class Model {
  entries: Entry[] = [];
  readonly callers = new Map<string, ModelCaller>();
  readonly jobs = new Map<string, ModelJob>();
  floor = 0;
  #applicant: { job: string; tag: number } | undefined;
  #placesChanged = false;
  #evicted: string[] = [];
  #appearances = 0;
  #dispatches = 0;
  #places = 0;

  add(entry: Entry): void {
    const { callerId } = entry;
    let caller = this.callers.get(callerId);
    if (!caller) {
      caller = { tag: this.floor - cost(OPTIONS.sliceMs, callerId), served: 0, order: ++this.#appearances };
      this.callers.set(callerId, caller);
    }
    const job = this.jobs.get(entry.job) ?? {
      bytes: entry.placeBytes,
      estimateMs: entry.estimateMs,
      running: undefined,
      place: undefined,
      memory: false,
    };
    this.jobs.set(entry.job, job);
    const waits = this.entries.some((e) => e.callerId === callerId && this.#job(e).running === undefined);
    const joins = this.entries.some((e) => e.callerId === callerId && e.job === entry.job);
    const turn = joins && job.running?.payer === callerId ? job.running : undefined;
    if (turn && this.entries.some((e) => turn.seqs.has(e.seq))) turn.seqs.add(entry.seq);
    if (!joins && !this.#canRun(callerId) && (!waits || this.#isReady(job))) {
      const headStart = cost(OPTIONS.sliceMs, callerId) - cost(job.estimateMs, callerId);
      this.#raise(caller, Math.max(0, headStart));
    }
    this.entries.push(entry);
  }

  remove(seq: number): Entry | undefined {
    const entry = this.entries.find((e) => e.seq === seq);
    this.entries = this.entries.filter((e) => e !== entry);
    this.#clean();
    return entry;
  }

  demote(seq: number): void {
    this.entries = this.entries.map((e) => (e.seq === seq ? { ...e, urgent: false } : e));
  }

  pick(boundMs: number): Dispatch | undefined {
    if (this.#applicant && this.#placesChanged) this.#apply(this.#applicant.job, this.#applicant.tag);
    for (;;) {
      const next = this.#next();
      if (!next) return undefined;
      const job = this.#job(next);
      if (!this.#isReady(job)) this.#apply(next.job, this.#caller(next.callerId).tag);
      else return job.estimateMs > boundMs ? undefined : this.#dispatch(next, job);
    }
  }

  park(dispatch: Dispatch, usedMs: number, leftMs: number | undefined): void {
    const job = this.#job(dispatch.entry);
    const { payer, lost, seqs } = this.#stop(job, usedMs);
    const caller = this.#caller(payer);
    const alive = this.entries.some((e) => seqs.has(e.seq));
    if (alive && !this.#canRun(payer)) this.#raise(caller);
    job.running = undefined;
    job.memory = !lost;
    if (job.place) job.place = { ...job.place, cpuMs: job.place.cpuMs + usedMs, tag: caller.tag };
    job.estimateMs = leftMs ?? (job.estimateMs > usedMs ? job.estimateMs - usedMs : OPTIONS.sliceMs);
    this.#placesChanged ||= job.bytes > 0;
    this.#clean();
  }

  finish(dispatch: Dispatch, usedMs: number): Entry[] {
    const { job: id } = dispatch.entry;
    const job = this.#job(dispatch.entry);
    this.#stop(job, usedMs);
    job.running = undefined;
    const ended = this.entries.filter((e) => e.job === id);
    this.entries = this.entries.filter((e) => e.job !== id);
    this.#clean();
    return ended;
  }

  drop(id: string): void {
    const job = this.jobs.get(id);
    if (!job) return;
    if (job.running) job.running.lost = true;
    this.#vacate(job);
  }

  #next(): Entry | undefined {
    return this.entries
      .filter((e) => {
        const job = this.#job(e);
        return job.running === undefined && (this.#isReady(job) || !this.#applicant);
      })
      .toSorted((a, b) => {
        const x = this.#caller(a.callerId);
        const y = this.#caller(b.callerId);
        return x.tag - y.tag || x.served - y.served || x.order - y.order || (goesFirst(a, b) ? -1 : 1);
      })[0];
  }

  #dispatch(entry: Entry, job: ModelJob): Dispatch {
    const caller = this.#caller(entry.callerId);
    const chargedMs = Math.min(job.estimateMs, OPTIONS.sliceMs);
    const charge = cost(chargedMs, entry.callerId);
    const dispatch = { entry, chargedMs, evict: this.#evicted, resident: job.memory };
    this.#evicted = [];
    this.floor = Math.max(this.floor, caller.tag);
    caller.tag += charge;
    caller.served = ++this.#dispatches;
    const mine = this.entries.filter((e) => e.callerId === entry.callerId && e.job === entry.job);
    const seqs = new Set(mine.map(({ seq }) => seq));
    job.running = { dispatch, payer: entry.callerId, charge, lost: false, seqs };
    if (job.place) job.place.tag = caller.tag;
    this.#clean();
    return dispatch;
  }

  #stop(job: ModelJob, usedMs: number): NonNullable<ModelJob['running']> {
    const { running } = job;
    assert.ok(running);
    this.#caller(running.payer).tag += cost(usedMs, running.payer) - running.charge;
    return running;
  }

  #apply(id: string, tag: number): void {
    const job = this.jobs.get(id);
    assert.ok(job);
    const tenants = [...this.jobs.entries()].filter(([, { place }]) => place);
    const fits = (evicted: readonly (readonly [string, ModelJob])[]): boolean => {
      const left = tenants
        .filter((tenant) => !evicted.includes(tenant))
        .reduce((sum, [, { bytes }]) => sum + bytes, 0);
      return left === 0 || left + job.bytes <= OPTIONS.placeBytesMax;
    };
    const evictable = tenants
      .filter(([, { place }]) => place && place.cpuMs >= OPTIONS.residencyMs && place.tag > tag)
      .toSorted(([, { place: a }], [, { place: b }]) => {
        assert.ok(a && b);
        return b.tag - a.tag || a.order - b.order;
      });
    const parked = evictable.filter(([, { running }]) => !running);
    const enough = parked.findIndex((_, i) => fits(parked.slice(0, i + 1)));
    const granted = fits([]) || enough !== -1;
    let victims = fits([]) ? [] : parked.slice(0, enough + 1);
    if (!granted && fits(evictable)) victims = parked;
    for (const [victimId, victim] of victims) {
      this.#vacate(victim);
      this.#evicted.push(victimId);
    }
    this.#placesChanged = false;
    this.#applicant = granted ? undefined : { job: id, tag };
    if (!granted) return;
    const waiting = new Set(this.entries.filter((e) => e.job === id).map(({ callerId }) => callerId));
    for (const callerId of waiting) if (!this.#canRun(callerId)) this.#raise(this.#caller(callerId));
    job.place = { order: ++this.#places, cpuMs: 0, tag: 0 };
  }

  #vacate(job: ModelJob): void {
    if (job.place) this.#placesChanged = true;
    job.place = undefined;
    job.memory = false;
  }

  /** Forgets what has ended. */
  #clean(): void {
    for (const [id, job] of this.jobs) {
      if (job.running || this.entries.some((e) => e.job === id)) continue;
      if (job.place) this.#placesChanged = true;
      if (this.#applicant?.job === id) this.#applicant = undefined;
      this.jobs.delete(id);
    }
    if (this.jobs.size === 0)
      for (const { tag } of this.callers.values()) this.floor = Math.max(this.floor, tag);
    for (const [id, { tag }] of this.callers) {
      const busy =
        this.entries.some((e) => e.callerId === id) ||
        [...this.jobs.values()].some((j) => j.running?.payer === id);
      if (!busy && (this.jobs.size === 0 || tag <= this.floor - cost(OPTIONS.sliceMs, id)))
        this.callers.delete(id);
    }
  }

  #canRun(callerId: string): boolean {
    return this.entries.some(
      (e) => e.callerId === callerId && !this.#job(e).running && this.#isReady(this.#job(e)),
    );
  }

  #isReady(job: ModelJob): boolean {
    return !job.running && (job.bytes === 0 || job.place !== undefined);
  }

  #raise(caller: ModelCaller, headStart = 0): void {
    caller.tag = Math.max(caller.tag, this.floor - headStart);
  }

  #job(entry: Entry): ModelJob {
    const job = this.jobs.get(entry.job);
    assert.ok(job);
    return job;
  }

  #caller(id: string): ModelCaller {
    const caller = this.callers.get(id);
    assert.ok(caller);
    return caller;
  }
}

function cost(ms: number, callerId: string): number {
  return Math.max(1, Math.round((ms * 1000) / weightOf(callerId)));
}

const ms = fc.oneof(fc.constant(0), fc.constant(50), fc.integer({ min: 0, max: 200 }));
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      caller: fc.nat(4),
      job: fc.nat(9),
      estimateMs: ms,
      urgent: fc.boolean(),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('pick' as const),
      boundMs: fc.constantFrom(Infinity, Infinity, 20),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('park' as const, 'park' as const, 'finish' as const),
      which: fc.nat(),
      usedMs: ms,
      leftMs: fc.option(ms, { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('remove' as const, 'demote' as const, 'drop' as const),
      which: fc.nat(),
    }),
  },
);
/** What a job takes is a property of its number: four of ten are short, one is larger than all places together. */
const BYTES = [0, 0, 0, 0, 40, 40, 60, 60, 100, 150];

test('does what the obvious model does, whatever happens, and keeps nothing at the end', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const scheduler = new FairScheduler({ weightOf, ...OPTIONS });
      const model = new Model();
      let underWay: Dispatch[] = [];
      let seq = 0;
      let floorMs = 0;
      const settle = (kind: 'park' | 'finish', dispatch: Dispatch, usedMs: number, leftMs?: number): void => {
        underWay = underWay.filter((other) => other !== dispatch);
        if (kind === 'park') {
          scheduler.park(dispatch, usedMs, leftMs);
          model.park(dispatch, usedMs, leftMs);
        } else {
          const ended = scheduler.finish(dispatch, usedMs).toSorted((a, b) => a.seq - b.seq);
          assert.deepEqual(ended, model.finish(dispatch, usedMs));
        }
      };
      const pick = (boundMs: number): Dispatch | undefined => {
        const dispatch = scheduler.pick(boundMs);
        assert.deepEqual(dispatch, model.pick(boundMs));
        if (dispatch) underWay.push(dispatch);
        return dispatch;
      };
      const compare = (): void => {
        assert.equal(scheduler.entries, model.entries.length);
        assert.equal(scheduler.callers, model.callers.size);
        assert.equal(scheduler.running, underWay.length);
        assert.equal(scheduler.floorMs, model.floor / 1000);
        assert.ok(scheduler.floorMs >= floorMs, 'the floor never falls');
        floorMs = scheduler.floorMs;
        let weights = 0;
        for (const [id, { tag }] of model.callers) {
          const view = scheduler.callerView(id);
          assert.equal(view?.virtualMs, tag / 1000);
          assert.equal(view.entries, model.entries.filter((e) => e.callerId === id).length);
          if (view.entries > 0) weights += view.weight;
        }
        assert.equal(scheduler.weights, weights);
        const places = [...model.jobs.values()].filter(({ place }) => place);
        assert.equal(
          scheduler.placeBytes,
          places.reduce((sum, { bytes }) => sum + bytes, 0),
        );
        assert.ok(
          scheduler.placeBytes <= OPTIONS.placeBytesMax || places.length === 1,
          'places are within their bound',
        );
      };
      for (const each of steps) {
        if (each.kind === 'add') {
          const { caller, job, estimateMs, urgent } = each;
          const entry = {
            seq: seq++,
            callerId: `${caller}`,
            job: `${job}`,
            estimateMs,
            urgent,
            placeBytes: BYTES[job] ?? 0,
          };
          scheduler.add(entry);
          model.add(entry);
        } else if (each.kind === 'pick') {
          pick(each.boundMs);
        } else if (each.kind === 'park' || each.kind === 'finish') {
          const dispatch = underWay[each.which % Math.max(1, underWay.length)];
          if (dispatch) settle(each.kind, dispatch, each.usedMs, each.leftMs);
        } else {
          const entry = model.entries[each.which % Math.max(1, model.entries.length)];
          if (!entry) continue;
          if (each.kind === 'remove') assert.deepEqual(scheduler.remove(entry.seq), model.remove(entry.seq));
          else if (each.kind === 'demote') {
            scheduler.demote(entry.seq);
            model.demote(entry.seq);
          } else {
            scheduler.drop(entry.job);
            model.drop(entry.job);
          }
        }
        compare();
      }
      // Two workers do what is left, two slices for each job: everything must come to its turn.
      const slices = new Map<Dispatch['entry']['job'], number>();
      for (let rounds = 0; scheduler.entries > 0 || underWay.length > 0; rounds++) {
        assert.ok(rounds < 5_000, `${scheduler.entries} entries starve`);
        while (underWay.length < 2 && pick(Infinity)) compare();
        const [dispatch] = underWay;
        assert.ok(dispatch, 'something runs while anything waits');
        const { job } = dispatch.entry;
        slices.set(job, (slices.get(job) ?? 0) + 1);
        settle((slices.get(job) ?? 0) < 2 ? 'park' : 'finish', dispatch, 50);
        compare();
      }
      assert.deepEqual(
        [scheduler.callers, scheduler.weights, scheduler.placeBytes, scheduler.running],
        [0, 0, 0, 0],
      );
    }),
    { numRuns: Number(process.env['FAIRSIEVE_TEST_RUNS'] ?? 500) },
  );
});
