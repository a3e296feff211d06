/**
 * Runs a load: finds out whether the services are there, starts the threads that send and the one that receives callbacks, and adds up what
 * they report.
 *
 * Invariant: whatever happens, no thread and no socket is left when it has resolved or rejected.
 */
import { MessageChannel } from 'node:worker_threads';
import { systemClock } from '../base/clock.ts';
import { randomBytes } from '../base/random.ts';
import { createKernel, loadKernelModule } from '../kernel/load-kernel.ts';
import { numbersOf } from './arrival.ts';
import { buildLoadResult } from './build-load-result.ts';
import { CallbackReceiver } from './callback-receiver.ts';
import { callsBack, checkLoadOptions } from './check-load-options.ts';
import type { LoadOptions } from './load-options.ts';
import type { LoadResult, LoadStep, LoadStepName, LoadTick } from './load-result.ts';
import type { Counts } from './load-tally.ts';
import type { Secrets } from './receiver-protocol.ts';
import type { Service } from './request-text.ts';
import { SecondSeries } from './second-series.ts';
import { distinctSemiprimes, primePools } from './semiprimes.ts';
import type { SenderReport } from './sender-protocol.ts';
import { SenderThreads } from './sender-threads.ts';
import { callerSecrets, checkService, type KeyOwner, keyOwner } from './service-check.ts';

export interface LoadHooks {
  /**
   * Aborting ends the load: nothing more is sent or waited for, and what there is is reported. Before the load has begun there is
   * nothing: `runLoad` rejects with the signal's reason.
   */
  readonly signal: AbortSignal;
  /** Told what is done before the load begins. */
  readonly onStep?: (step: LoadStep) => void;
  /** Told at the beginning and the end, and about four times a second between. */
  readonly onTick: (tick: LoadTick) => void;
  /** What callbacks of a caller are signed with (`whsec_…`), any of them; must be there if `secretOf` is 'self'. */
  readonly secretsOf?: (callerId: string) => readonly string[];
}

const TICK_MS = 250;
/** From the moment all are ready to the beginning, so that every thread has been told. */
const HEADROOM_MS = 50;
/** A callback that comes again without need would come within this time. */
const REPEAT_MS = 1_000;

/**
 * Rejects with a RangeError or TypeError if the options cannot be, with an UnfitServiceError if a service is not there or cannot call
 * back; nothing has been loaded then.
 */
export async function runLoad(asked: LoadOptions, hooks: LoadHooks): Promise<LoadResult> {
  checkLoadOptions(asked);
  const { signal } = hooks;
  const services = asked.urls.map((url): Service => ({ url, apiKey: asked.apiKey }));
  const step = (name: LoadStepName, done: number, of: number): void => hooks.onStep?.({ name, done, of });
  step('services', 0, services.length);
  await Promise.all(services.map((service) => checkService(service, signal)));
  const owner = await keyOwner(services[0]!, signal);
  // The caller of a key has its name.
  const options = owner.kind === 'caller' ? { ...asked, runId: undefined } : asked;
  const callerIds = callerIdsOf(options, owner);
  const channels = callsBack(options)
    ? Array.from({ length: options.threads }, () => new MessageChannel())
    : [];
  await using threads = new AsyncDisposableStack();
  const receiver =
    callsBack(options) && options.receiver
      ? threads.use(
          await CallbackReceiver.start({
            address: options.receiver,
            run: Buffer.from(randomBytes(8)).toString('hex'),
            secrets: await secretsFor(options, callerIds, owner, services[0]!, hooks),
            senders: channels.map(({ port1 }) => port1),
          }),
        )
      : undefined;
  const trialCaller = owner.kind === 'caller' ? owner.callerId : 'load-trial';
  for (const [i, service] of receiver ? services.entries() : []) {
    step('callbacks', i, services.length);
    await receiver?.tryService(service, trialCaller, signal);
  }
  const module = await loadKernelModule();
  const pools = await primePools(numbersOf(options), {
    kernel: createKernel(module),
    onPool: (made, of) => step('numbers', made, of),
    signal,
  });
  const senders = threads.use(
    new SenderThreads(
      Array.from({ length: options.threads }, (_, thread) => ({
        options,
        thread,
        callerIds,
        callbackUrl: receiver?.urlFor(thread),
        callbacks: channels[thread]?.port2,
        module,
        pools,
      })),
    ),
  );
  await senders.ready(signal, (ready) => step('threads', ready, options.threads));
  const startMs = systemClock.monotonicMs() + HEADROOM_MS;
  const startedAt = new Date(systemClock.wallMs() + HEADROOM_MS).toISOString();
  const sending = sendAll(senders, startMs, options, hooks);
  const { reports, seconds } = await (receiver ? Promise.race([sending, receiver.failed]) : sending);
  const elapsedMs = Math.max(0, systemClock.monotonicMs() - startMs);
  const interrupted = signal.aborted;
  if (receiver) await systemClock.sleep(Math.min(REPEAT_MS, options.graceMs), signal);
  return buildLoadResult({
    options,
    callerIds,
    distinctNumbers: distinctSemiprimes(options, pools),
    startedAt,
    elapsedMs,
    interrupted,
    senders: reports,
    receiver: await receiver?.report(),
    seconds: seconds.results(),
  });
}

/** Has the threads send, and tells of it; resolves when all have finished. */
async function sendAll(
  senders: SenderThreads,
  startMs: number,
  { durationMs, threads }: LoadOptions,
  { signal, onTick }: LoadHooks,
): Promise<{ readonly reports: readonly SenderReport[]; readonly seconds: SecondSeries }> {
  const seconds = new SecondSeries();
  const counts = Array.from({ length: threads }, () => NOTHING);
  const tick = (): void => {
    const elapsedMs = Math.max(0, systemClock.monotonicMs() - startMs);
    const { answered: answeredPerSecond = 0, p50 = 0, p99 = 0 } = seconds.last() ?? {};
    const phase = elapsedMs < durationMs ? 'load' : 'grace';
    onTick({ elapsedMs, ...counts.reduce(added), answeredPerSecond, p50, p99, phase });
  };
  const stop = (): void => senders.stop();
  tick();
  const ticking = setInterval(tick, TICK_MS);
  signal.addEventListener('abort', stop);
  try {
    const finished = senders.run(startMs, (thread, message) => {
      for (const second of message.seconds) seconds.add(second);
      counts[thread] = message.counts;
    });
    if (signal.aborted) stop();
    const reports = await finished;
    tick();
    return { reports, seconds };
  } finally {
    clearInterval(ticking);
    signal.removeEventListener('abort', stop);
  }
}

const NOTHING: Counts = { planned: 0, answered: 0, failed: 0, done: 0, wrong: 0 };

function added(a: Counts, b: Counts): Counts {
  return {
    planned: a.planned + b.planned,
    answered: a.answered + b.answered,
    failed: a.failed + b.failed,
    done: a.done + b.done,
    wrong: a.wrong + b.wrong,
  };
}

/** The caller of the API key, or as many as there are to be; the first is the hog where there is one. */
function callerIdsOf({ callers, runId }: LoadOptions, owner: KeyOwner): readonly string[] {
  const stem = runId === undefined ? 'load' : `load-${runId}`;
  if (owner.kind === 'anyone') return Array.from({ length: callers }, (_, i) => `${stem}-${i + 1}`);
  if (callers > 1)
    throw new RangeError(
      `The API key is that of caller ${JSON.stringify(owner.callerId)}: there can be 1 caller, not ${callers}`,
    );
  return [owner.callerId];
}

async function secretsFor(
  { secretOf, apiKey }: LoadOptions,
  callerIds: readonly string[],
  owner: KeyOwner,
  service: Service,
  { secretsOf, signal, onStep }: LoadHooks,
): Promise<Secrets> {
  if (typeof secretOf === 'object') return { kind: 'same', secrets: [secretOf.secret] };
  if (secretOf === 'self') {
    if (secretsOf === undefined) throw new TypeError("secretOf is 'self': the hook secretsOf must be given");
    return { kind: 'by-caller', secrets: new Map(callerIds.map((id) => [id, secretsOf(id)])) };
  }
  if (owner.kind === 'caller') return { kind: 'same', secrets: owner.secrets };
  if (apiKey === undefined) return { kind: 'none' };
  const secrets = new Map<string, readonly string[]>();
  for (const callerId of callerIds) {
    onStep?.({ name: 'secrets', done: secrets.size, of: callerIds.length });
    secrets.set(callerId, await callerSecrets(service, callerId, signal));
  }
  return { kind: 'by-caller', secrets };
}
