/** For tests: a short load with few of its options given. */
import type { LoadOptions } from './load-options.ts';
import type { Endpoint, EndpointResult, LoadResult, LoadTick } from './load-result.ts';
import { type LoadHooks, runLoad } from './run-load.ts';

export function testOptions(options: Pick<LoadOptions, 'urls'> & Partial<LoadOptions>): LoadOptions {
  return {
    apiKey: undefined,
    mode: 'sync',
    pace: { kind: 'open', perSecond: 200, arrivals: 'constant' },
    durationMs: 1_000,
    rampMs: 0,
    spikes: [],
    callers: 4,
    runId: undefined,
    skew: 'uniform',
    digits: { min: 18, max: 18 },
    seed: 1,
    wait: 'long-poll',
    receiver: { host: '127.0.0.1', port: 0, publicUrl: undefined },
    secretOf: undefined,
    graceMs: 5_000,
    threads: 1,
    connectionsMax: 64,
    ...options,
  };
}

export function testLoad(
  options: Parameters<typeof testOptions>[0],
  hooks: Partial<LoadHooks> = {},
): Promise<LoadResult> {
  return runLoad(testOptions(options), {
    signal: new AbortController().signal,
    onTick: () => undefined,
    ...hooks,
  });
}

/** Of a load some of which never ends: ended once all else is there, so that how long that took does not matter. */
export function testLoadUntil(
  options: Parameters<typeof testOptions>[0],
  isThere: (tick: LoadTick) => boolean,
): Promise<LoadResult> {
  const ending = new AbortController();
  const onTick = (tick: LoadTick): void => {
    if (isThere(tick)) ending.abort();
  };
  return testLoad({ graceMs: 120_000, ...options }, { signal: ending.signal, onTick });
}

/** What came of an endpoint that was used. */
export function endpointOf({ endpoints }: LoadResult, name: Endpoint): EndpointResult {
  const found = endpoints.find(({ endpoint }) => endpoint === name);
  if (found === undefined) throw new Error(`${name} was not used`);
  return found;
}
