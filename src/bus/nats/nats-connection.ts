/**
 * One connection to NATS, from its start to its end. It does not mend itself: the client library would keep what is published while
 * there is no connection and send it later, to others than it was meant for; whoever holds the connection opens another one.
 */
import { connect, type NatsConnection, type TlsOptions } from '@nats-io/transport-node';
import { errorMessage } from '../../base/error-message.ts';
import { BUS_BYTES_MAX } from '../bus.ts';
import type { NatsAddress } from './nats-address.ts';
import { natsGreeting } from './nats-greeting.ts';

/** From the first try at a server until it may be used. */
const CONNECT_MS_MAX = 2_000;
/** A connection on which nothing comes back for this long, twice, is dead. */
const PING_MS = 1_000;
/** Room for headers beside the largest message. */
const HEADERS_BYTES_MAX = 1_024;

export interface NatsConnectionOptions {
  readonly address: NatsAddress;
  /** As NATS shows it to its operators. */
  readonly name: string;
  readonly inboxPrefix: string;
  /** In [0, 1). Spreads replicas over the servers. */
  readonly random: () => number;
}

/** Connects to one of the servers. Rejects with the reasons if that cannot be done now, or when `signal` aborts. */
export async function openNatsConnection(
  options: NatsConnectionOptions,
  signal: AbortSignal,
): Promise<NatsConnection> {
  const reasons: string[] = [];
  for (const server of rotated(options.address.servers, options.random()))
    try {
      return await openTo(server, options, signal);
    } catch (error) {
      reasons.push(`${server}: ${reasonOf(error)}`);
    }
  throw new Error(`Cannot connect to NATS at ${reasons.join('; ')}`);
}

async function openTo(
  server: string,
  { address: { user, password, token, tls }, name, inboxPrefix }: NatsConnectionOptions,
  signal: AbortSignal,
): Promise<NatsConnection> {
  await natsGreeting(server, CONNECT_MS_MAX, signal);
  const connection = await connect({
    servers: server,
    name,
    inboxPrefix,
    ...(user !== undefined && { user, pass: password ?? '' }),
    ...(token !== undefined && { token }),
    ...(tls && { tls: tlsOptions(server) }),
    reconnect: false,
    ignoreClusterUpdates: true,
    // What a replica announces is for the others.
    noEcho: true,
    noAsyncTraces: true,
    timeout: CONNECT_MS_MAX,
    pingInterval: PING_MS,
    maxPingOut: 2,
  });
  const lack = lackOf(connection);
  if (lack === undefined) {
    void closeWhenStale(connection);
    return connection;
  }
  await connection.close();
  throw new Error(lack);
}

/** Where a server has an address and no name, the library would accept a certificate of `localhost`; so says `host` what to look for. */
function tlsOptions(server: string): TlsOptions & { readonly host: string } {
  return { host: server.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1') };
}

/** What the server lacks, in a sentence; undefined if nothing. */
function lackOf({ info }: NatsConnection): string | undefined {
  const least = BUS_BYTES_MAX + HEADERS_BYTES_MAX;
  if (info && info.max_payload < least)
    return `it takes messages of at most ${info.max_payload} bytes: max_payload must be at least ${least}`;
  if (!info?.headers) return 'it knows no headers: NATS 2.2 or later is needed';
  return undefined;
}

/** The library first waits until everything is sent that never can be: closing at once is for its user to do. */
async function closeWhenStale(connection: NatsConnection): Promise<void> {
  for await (const { type } of connection.status()) if (type === 'staleConnection') void connection.close();
}

function rotated<T>(items: readonly T[], fraction: number): T[] {
  const start = Math.floor(fraction * items.length);
  return [...items.slice(start), ...items.slice(0, start)];
}

/** A host with several addresses fails with several errors, and then the message is empty. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorMessage).join(', ');
  return errorMessage(error);
}
