/**
 * A connection to Redis that comes back by itself, with the same name and the same database selected.
 *
 * Invariants:
 *   L1. Nothing is sent later than it was asked for: while there is no connection, commands are refused.
 *   L2. One whose connection breaks before its answer came may have been carried out, or may still be: `isPassing` tells such
 *       errors, and whoever repeats a command sees to it that a second time changes nothing.
 */
import { ClientClosedError, ErrorReply, RedisClient, RESP_TYPES } from '@redis/client';
import type { Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/error-message.ts';
import { StoreError } from '../store.ts';
import type { Script } from './script.ts';

export interface RedisAddress {
  /** `redis://` or, for TLS, `rediss://`; may hold user and password. A database in it is ignored. */
  readonly url: string;
  /** In place of the one in `url`. */
  readonly password?: string;
}

export interface LinkOptions {
  readonly address: RedisAddress;
  readonly database: number;
  /** Shown by CLIENT LIST. */
  readonly name: string;
  /** A connection that has been silent for so long is cut, at least `SILENCE_MS_LEAST`. */
  readonly silenceMsMax: number;
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
}

export type RedisReply = string | number | Buffer | null | RedisReply[];

const SILENCE_MS_LEAST = 800;
const RETRY_MS_MAX = 1_000;
const CONNECT_MS_MAX = 2_000;
/** As long as somebody who watches a start wonders. */
const WAITING_EVERY_MS = 3_000;
/** Refusals of connections that no repetition mends. */
const DENIED = /^(WRONGPASS|NOAUTH|NOPERM)|DB index is out of range/;
/** Replies that say "not now"; what a command in a script is told stands behind the place in the script in Redis 6. */
const NOT_NOW =
  /^(?:-|ERR Error running script [^-]*: -)?(?:LOADING|BUSY|MISCONF|READONLY|MASTERDOWN|NOREPLICAS|TRYAGAIN|CLUSTERDOWN)\b/;

/** Made once: a class with a method for each command takes a tenth of a second. */
const makeClient = RedisClient.factory({ RESP: 2 });

type Client = ReturnType<typeof newClient>;

export class RedisLink implements Disposable {
  readonly #client: Client;
  readonly #clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  #lastError: unknown;
  #connected = false;

  private constructor(options: LinkOptions) {
    this.#clock = options.clock;
    this.#client = newClient(options, (retries, cause) => {
      // Later on, whoever changed a password may still be about to change it here too.
      if (!this.#connected && DENIED.test(cause.message)) return cause;
      return Math.min(50 * 2 ** retries, RETRY_MS_MAX);
    });
    this.#client.on('error', (error: unknown) => (this.#lastError = error));
  }

  /**
   * Tries for `msMax`, saying every few seconds why it still does. Rejects with a StoreError `broken` then, or at once where Redis
   * refuses what it is shown.
   */
  static async connect(
    options: LinkOptions,
    msMax: number,
    onWaiting: (why: string) => void = () => undefined,
  ): Promise<RedisLink> {
    const link = new RedisLink(options);
    const where = withoutSecrets(options.address);
    const settled = new AbortController();
    const late = async (): Promise<never> => {
      for (let leftMs = msMax; leftMs > 0; leftMs -= WAITING_EVERY_MS) {
        await options.clock.sleep(Math.min(leftMs, WAITING_EVERY_MS), settled.signal);
        if (leftMs > WAITING_EVERY_MS && !settled.signal.aborted)
          onWaiting(`Redis at ${where} has not answered yet, and is still tried${because(link.#lastError)}`);
      }
      throw new Error(`it did not answer within ${msMax} ms${because(link.#lastError)}`);
    };
    try {
      await Promise.race([link.#client.connect(), late()]);
      link.#connected = true;
      return link;
    } catch (error) {
      link[Symbol.dispose]();
      throw new StoreError('broken', `Cannot use Redis at ${where}: ${errorMessage(error)}`, error);
    } finally {
      settled.abort();
    }
  }

  /** Sends one command and resolves to the reply. Text is decoded as UTF-8. */
  async send(command: readonly (string | Buffer)[]): Promise<RedisReply> {
    return (await this.#client.sendCommand(command)) as RedisReply;
  }

  /** … with strings as they are in Redis: Buffers. */
  async sendForBytes(command: readonly (string | Buffer)[]): Promise<RedisReply> {
    return (await this.#client.sendCommand(command, BYTES)) as RedisReply;
  }

  async run(
    { source, sha1 }: Script,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
  ): Promise<RedisReply> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.send(['EVALSHA', sha1, ...rest]);
    } catch (error) {
      // It has been started anew since, or this is the first time.
      if (!errorMessage(error).startsWith('NOSCRIPT')) throw error;
      return this.send(['EVAL', source, ...rest]);
    }
  }

  /** Selects another database, also for when the connection comes back. */
  async select(database: number): Promise<void> {
    await this.#client.select(database);
  }

  /** Makes `call` again, with pauses, until its outcome is known: it resolves, or rejects with what does not pass. Rejects when `signal` aborts. */
  async persist<T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let pauseMs = 20; ; pauseMs = Math.min(2 * pauseMs, RETRY_MS_MAX)) {
      try {
        // Each try follows on the last one's failure.
        return await call();
      } catch (error) {
        if (!isPassing(error) || signal?.aborted) throw error;
        await this.#clock.sleep(pauseMs, signal);
      }
    }
  }

  /** Cuts the connection. */
  [Symbol.dispose](): void {
    this.#client.destroy();
  }
}

const BYTES = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

/** Whether an error says nothing of the command itself: the connection broke, or Redis is not ready yet. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ErrorReply) return NOT_NOW.test(error.message);
  return ![TypeError, StoreError, ClientClosedError].some((final) => error instanceof final);
}

/** What `reply` resolves to, or `otherwise` where Redis refuses that command to us. */
export async function allowed<T>(reply: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    if (isPassing(error)) throw error;
    return otherwise;
  }
}

export function withoutSecrets({ url }: RedisAddress): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

function because(cause: unknown): string {
  return cause === undefined ? '' : `: ${errorMessage(cause)}`;
}

function newClient(
  { address, database, name, silenceMsMax }: LinkOptions,
  reconnectStrategy: (retries: number, cause: Error) => number | Error,
) {
  const { protocol, hostname, port, username, password } = new URL(address.url);
  const secret = address.password ?? decodeURIComponent(password);
  const silenceMs = Math.max(silenceMsMax, SILENCE_MS_LEAST);
  const socket = {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port || 6_379),
    connectTimeout: CONNECT_MS_MAX,
    socketTimeout: silenceMs,
    // The default one gives up for good after a timeout.
    reconnectStrategy,
  };
  const options = {
    RESP: 2,
    maintNotifications: 'disabled' as const,
    disableClientInfo: true,
    disableOfflineQueue: true,
    database,
    name,
    ...(username && { username: decodeURIComponent(username) }),
    ...(secret && { password: secret }),
    pingInterval: Math.floor(silenceMs / 3),
    socket: protocol === 'rediss:' ? { ...socket, tls: true as const } : { ...socket, tls: false as const },
  };
  // Its type has it that RESP is a matter of the class alone; it is asked for in both places.
  return makeClient(options as Parameters<typeof makeClient>[0]);
}
