/**
 * The bus port: how the replicas of one cluster talk. It carries messages and keeps none; what must not be lost waits in the
 * sender's store until the receiver has said that it has it. No driver type appears here; `describeBus` holds every adapter to
 * the words below.
 *
 * A replica is addressed by its shard, which it alone has. Messages may overtake each other. Topics are lower-case words with
 * hyphens between. A body stays as it is once it was given to the bus.
 */
export interface Bus extends AsyncDisposable {
  /**
   * Asks the replica of a shard, and resolves to its answer: at most `BUS_BYTES_MAX` each way. Rejects with a BusError. Whether
   * the other side has done what was asked is known only when it resolves, or is refused.
   */
  ask(shard: number, topic: string, body: Uint8Array, options: AskOptions): Promise<Uint8Array>;

  /** Answers what others ask on `topic`, many at a time. Once per topic, until the end of this bus. */
  answer(topic: string, handler: AnswerHandler): void;

  /** Tells all other replicas that are here, at most `BUS_BYTES_MAX`. May be lost, and is while there is no connection. */
  announce(topic: string, body: Uint8Array): void;

  /** Hears what others announce on `topic`, never what this replica does. Once per topic, until the end of this bus. */
  hear(topic: string, handler: HearHandler): void;

  /** False while others, if there are any, cannot be reached. Once it is true, they reach this replica too. */
  readonly connected: boolean;

  /**
   * Takes no more asks, sends the answers that handlers are still at, if they come within a second, and what was announced, and
   * ends. Its own asks reject with `disconnected`.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What it rejects with is told to whoever asked, as `refused`. */
export type AnswerHandler = (body: Uint8Array) => Promise<Uint8Array>;

/** What it throws is told to whoever opened the bus, and changes nothing else. */
export type HearHandler = (body: Uint8Array) => void;

export interface AskOptions {
  /** Not above zero: it rejects with `timeout`, and nothing is sent. */
  readonly timeoutMs: number;
  /** When it aborts, `ask` rejects with `timeout`. */
  readonly signal?: AbortSignal;
}

/** Most bytes of a message. */
export const BUS_BYTES_MAX = 512 * 1_024;

/**
 * `absent`, at once: nobody answers for that shard on this topic; nobody but oneself is nobody. `timeout`: no answer in time.
 * `refused`: the other side's handler threw, with this message. `disconnected`: there is no connection, or it was lost meanwhile.
 */
export type BusErrorCode = 'absent' | 'timeout' | 'refused' | 'disconnected';

export class BusError extends Error {
  override readonly name = 'BusError';
  readonly code: BusErrorCode;

  constructor(code: BusErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
