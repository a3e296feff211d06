/** Every bound of the service that is not a setting, in one place. docs/api.md lists those that a client can meet. */

/** Most decimal digits of a number unless configured (`FAIRSIEVE_DIGITS_MAX`). */
export const DIGITS_MAX_DEFAULT = 1_000;
/** Most numbers in one batch. */
export const BATCH_NUMBERS_MAX = 10_000;
/** Longest text of one number or expression, in characters. */
export const EXPRESSION_CHARS_MAX = 4_000;
/** Deepest nesting of an expression: parentheses, signs and powers of powers together. */
export const EXPRESSION_DEPTH_MAX = 64;
/** What an expression may cost, and those of one body together, in 64-bit limb products: some 10 and 80 ms of computing. */
export const EXPRESSION_WORK_MAX = 4_000_000;
export const BATCH_WORK_MAX = 20_000_000;
/** Longest caller id, in UTF-8 bytes. */
export const CALLER_ID_BYTES_MAX = 256;
/** Longest `Idempotency-Key`, in characters, and how long it is remembered. */
export const IDEMPOTENCY_KEY_CHARS_MAX = 255;
export const IDEMPOTENCY_TTL_MS = 24 * 3_600_000;
/** Largest request body: 10,000 numbers of 100 digits. It is parsed on the event loop, so its bound is the time that this takes (about 15 ms). */
export const BODY_BYTES_MAX = 1_048_576;
/** Deepest nesting of a body, and most commas in it: both bound the time that parsing takes. */
export const JSON_DEPTH_MAX = 16;
export const JSON_VALUES_MAX = 2 * BATCH_NUMBERS_MAX;
/** What all bodies still arriving may hold together beyond `BODY_FREE_BYTES` each, so that slow senders cannot fill the memory. */
export const ARRIVING_BYTES_MAX = 64 * 1_048_576;
export const BODY_FREE_BYTES = 16_384;
/** How much of a body that is refused is still read and thrown away, so that its sender gets to see the answer. */
export const DISCARDED_BYTES_MAX = 16 * 1_048_576;
/** What answers larger than `UNSENT_FREE_BYTES` may hold together until their clients have taken them, so that slow readers cannot fill the memory. */
export const UNSENT_BYTES_MAX = 256 * 1_048_576;
export const UNSENT_FREE_BYTES = 65_536;
/** A client that takes nothing of such an answer for so long is as good as gone. */
export const STALLED_MS_MAX = 30_000;
/** Largest header section of a request. */
export const HEADER_BYTES_MAX = 16_384;
/** Most errors that one problem lists. */
export const PROBLEM_ERRORS_MAX = 10;
/** Longest time the event loop is held by reading the numbers of a batch before others have a turn, in milliseconds. */
export const BATCH_SLICE_MS = 8;
/** How often an event stream says that it is alive. */
export const HEARTBEAT_MS = 15_000;
/**
 * Callers with requests that wait; and callers with callbacks to be delivered. At 2 to 6 KB of heap for the first request of each, some
 * 300 MB with the longest numbers, URLs and ids, and at most half as much for the first callback.
 */
export const CALLERS_MAX = 50_000;
/** Open connections, and of the files that the process may have open those that are left for everything else. */
export const CONNECTIONS_MAX = 32_000;
export const FILES_KEPT = 1_024;
/** Requests that may be held open by long-polls and inline waits together. Of one client, half of what others leave. */
export const WAITERS_MAX = 20_000;
/** Those that are told of every change, as event streams are: each looks four times a second, which takes some 10 µs. Likewise. */
export const WATCHERS_MAX = 5_000;
/** Page size of a list: default and most. */
export const PAGE_LIMIT_DEFAULT = 50;
export const PAGE_LIMIT_MAX = 500;
/** Rows that one page of a list may look at; a page may therefore hold fewer than asked and still name a next one. */
export const PAGE_SCAN_MAX = 20_000;
/** Most values on a page. Without a limit all are answered, as many at a time. */
export const VALUES_PAGE_MAX = 1_000;
/** Longest time that a value is kept for, unless it is for good: 10 years. */
export const TTL_SECONDS_MAX = 315_360_000;
/** How long it may take to find out whether a number is prime, in milliseconds: what is not found out by then is refused. */
export const PRIMALITY_MS_MAX = 1_000;
/**
 * How long an answer is kept at least after its request has ended, or its callback was told, however full the store is: whoever has lost its
 * connection, or backs off, comes back within minutes. Not longer, since what ends meanwhile must have room: at 333 requests per second, of about half a KiB each
 * and a quarter more for a key, 10 minutes are 150 MB.
 */
export const ANSWER_MS_MIN = 600_000;
/** Timeline events kept for a request. */
export const TIMELINE_EVENTS_MAX = 50;
/** Rows in one group commit, so that nobody's batch delays others for long. */
export const COMMIT_ROWS_MAX = 1_000;
/** Requests of a batch that are written by one commit, in which others have the rest. Those of a larger batch are accepted by the first of them. */
export const PIECE_ROWS = 500;
/** About the most bytes that are handed over to another store at once: with one more row of a log, a message of the bus has room for it. */
export const PARCEL_BYTES = 256 * 1_024;
/** A number whose factoring took at least this long is remembered on disk; looking up cheaper ones would cost more than computing them. */
export const KNOWN_CPU_MS_MIN = 5;
/** Numbers shorter than this never took that long, so they are not looked up. */
export const KNOWN_DIGITS_MIN = 28;
/** A job that broke its worker this often is set aside as failed. */
export const JOB_BREAKS_MAX = 3;
