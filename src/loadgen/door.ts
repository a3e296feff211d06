/** The ways into the service: what each is sent, and what its answer says. Pure. */
import type { LoadMode } from './load-options.ts';
import type { Endpoint } from './load-result.ts';
import { readRequest, readValue, type ToldResult } from './told-result.ts';

export type Accepted =
  /** Answered inline. */
  | { readonly kind: 'ended'; readonly result: ToldResult }
  /** It goes on, and can be asked for at the path. `requestId` is undefined of a batch of values. */
  | { readonly kind: 'pending'; readonly path: string; readonly requestId: string | undefined };

export interface Door {
  readonly endpoint: Extract<Endpoint, `POST ${string}`>;
  readonly path: string;
  /** JSON in ASCII. `callbackUrl` is ASCII without quotes. */
  readonly body: (number: string, callbackUrl: string | undefined) => string;
  /** Reads an answer of 2xx. Throws a SyntaxError for what is none. */
  readonly read: (text: string) => Accepted;
  /** Whether its end is told by a callback. */
  readonly callsBack: boolean;
}

export const DOORS: Readonly<Record<Exclude<LoadMode, 'mixed'>, Door>> = {
  queued: {
    endpoint: 'POST /requests',
    path: '/requests',
    body: (number) => `{"number":${number}}`,
    read: readAcceptedRequest,
    callsBack: false,
  },
  sync: {
    endpoint: 'POST /sync',
    path: '/sync',
    body: (number) => `{"number":${number}}`,
    read: readAcceptedRequest,
    callsBack: false,
  },
  async: {
    endpoint: 'POST /async',
    path: '/async',
    body: (number, callbackUrl) => `{"number":${number},"callback_url":"${callbackUrl}"}`,
    read: readAcceptedRequest,
    callsBack: true,
  },
  values: {
    endpoint: 'POST /values',
    path: '/values',
    body: (number) => `[${number}]`,
    read: (text) => {
      const told = readValue(text);
      if (told.kind === 'ended') return told;
      return { kind: 'pending', path: `/values/batches/${told.batchId}`, requestId: undefined };
    },
    callsBack: false,
  },
};

function readAcceptedRequest(text: string): Accepted {
  const told = readRequest(text);
  if (told.kind === 'ended') return told;
  return { kind: 'pending', path: `/requests/${told.requestId}`, requestId: told.requestId };
}
