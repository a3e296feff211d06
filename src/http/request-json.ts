/**
 * From what the service knows of a request to the JSON that goes over the wire. Pure.
 *
 * The text is put together by hand: for the answer that is asked for most it takes a third of the time of building an
 * object and stringifying it, and the entity tag needs the text anyway. A test holds every form against its schema.
 * Strings that are ours (ids, statuses, digits, times) need no escaping; all others pass through `JSON.stringify`.
 */
import { withoutQuery } from '../callbacks/callback-url.ts';
import type { Progress } from '../kernel/kernel.ts';
import type { RequestList, RequestView } from '../service/service.ts';
import { isoTime } from './iso-time.ts';

/** A `RequestBody`. */
export function requestJson(view: RequestView): string {
  return `${requestFields(view, view.callbackUrl)},"timeline":[${timelineJson(view.timeline)}]}`;
}

/** A `CallbackBody`. */
export function callbackJson(view: RequestView): string {
  return `${requestFields(view, view.callbackUrl)}}`;
}

/** All fields but the last one, and no closing brace. */
function requestFields(view: RequestView, callbackUrl: string | undefined): string {
  let primes = '';
  let factors = '';
  for (const { prime, exponent, certainty } of view.factors) {
    const digits = prime.toString();
    factors += `${factors === '' ? '' : ','}{"prime":"${digits}","exponent":${exponent},"certainty":"${certainty}"}`;
    if (certainty === 'composite') continue;
    for (let i = 0; i < exponent; i++) primes += `${primes === '' ? '' : ','}"${digits}"`;
  }
  return (
    `{"request_id":"${view.requestId}","caller_id":${JSON.stringify(view.callerId)},"mode":"${view.mode}",` +
    `"status":"${view.status}","number":"${view.number}","prime_factors":[${primes}],"factors":[${factors}],` +
    `"complete":${view.complete},"cpu_ms":${toThousandths(view.cpuMs)},"accepted_at":"${isoTime(view.acceptedAtMs)}",` +
    `"started_at":${timeJson(view.startedAtMs)},"finished_at":${timeJson(view.finishedAtMs)},` +
    `"position":${view.position ?? null},"expected_ms":${wholeMs(view.expectedMs)},` +
    `"progress":${progressJson(view.progress)},"callback_url":${callbackUrl === undefined ? null : JSON.stringify(callbackUrl)},` +
    `${deliveryJson(view.delivery)},"error":${errorJson(view.error)}`
  );
}

/** An `Accepted`. */
export function acceptedJson(view: RequestView): string {
  return (
    `{"request_id":"${view.requestId}","status":"${view.status}","number":"${view.number}",` +
    `"position":${view.position ?? null},"expected_ms":${wholeMs(view.expectedMs)}}`
  );
}

/** An `AcceptedBatch`. */
export function acceptedBatchJson(views: readonly RequestView[]): string {
  const items = views.map(
    ({ requestId, number, status }) =>
      `{"request_id":"${requestId}","number":"${number}","status":"${status}"}`,
  );
  return `{"requests":[${items.join(',')}]}`;
}

/** A `RequestPage`. */
export function requestPageJson({ requests, next, replicas }: RequestList): string {
  const following = `"next":${JSON.stringify(next ?? null)},"replicas":${JSON.stringify(replicas ?? null)}`;
  return `{"requests":[${requests.map(listedJson).join(',')}],${following}}`;
}

/** The query of a callback URL may hold a secret: it is shown to who asks for the request, and not in lists. */
function listedJson(view: RequestView): string {
  const url = view.callbackUrl === undefined ? undefined : withoutQuery(view.callbackUrl);
  return `${requestFields(view, url)},"timeline":[${timelineJson(view.timeline)}]}`;
}

/** A `ProgressEvent`. */
export function progressEventJson(view: RequestView): string {
  return (
    `{"request_id":"${view.requestId}","status":"${view.status}","position":${view.position ?? null},` +
    `"expected_ms":${wholeMs(view.expectedMs)},"progress":${progressJson(view.progress)}}`
  );
}

function progressJson(progress: Progress | undefined): string {
  if (progress === undefined) return 'null';
  const { stage, fraction, remainingMs, relations } = progress;
  const counted = relations ? `,"relations":{"found":${relations.found},"needed":${relations.needed}}` : '';
  return `{"stage":"${stage}","fraction":${fraction},"remaining_ms":${wholeMs(remainingMs)}${counted}}`;
}

function deliveryJson(delivery: RequestView['delivery']): string {
  if (delivery === undefined) return '"delivery":null,"sequence":null,"next_attempt_at":null';
  const { status, sequence, dueAtMs } = delivery;
  return `"delivery":"${status}","sequence":${sequence ?? null},"next_attempt_at":${timeJson(dueAtMs)}`;
}

function errorJson(error: RequestView['error']): string {
  return error === undefined ? 'null' : `{"code":"${error.code}","reason":${JSON.stringify(error.reason)}}`;
}

function timelineJson(timeline: RequestView['timeline']): string {
  let text = '';
  for (const entry of timeline) {
    text += `${text === '' ? '' : ','}{"event":"${entry.event}","at":"${isoTime(entry.atMs)}"${timelineDetail(entry)}}`;
  }
  return text;
}

function timelineDetail(entry: RequestView['timeline'][number]): string {
  switch (entry.event) {
    case 'paused':
      return `,"times":${entry.times},"last_resumed_at":"${isoTime(entry.lastResumedAtMs)}"`;
    case 'recovered':
      return `,"reason":${JSON.stringify(entry.reason)}`;
    case 'finished':
      return `,"status":"${entry.status}","source":${entry.source === undefined ? null : `"${entry.source}"`}`;
    case 'attempted':
      return (
        `,"duration_ms":${toThousandths(entry.durationMs)},"status":${entry.status ?? null},` +
        `"error":${entry.error === undefined ? null : JSON.stringify(entry.error)},"next_at":${timeJson(entry.nextAtMs)}`
      );
    case 'dead':
      return `,"reason":${JSON.stringify(entry.reason)}`;
    case 'accepted':
    case 'started':
    case 'resumed':
    case 'delivered':
    case 'redelivery':
      break;
  }
  return '';
}

/** A guess is not told to the nanosecond. */
function wholeMs(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.ceil(ms);
}

/** CPU time is read in microseconds; sums of it are no finer. */
function toThousandths(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

function timeJson(timeMs: number | undefined): string {
  return timeMs === undefined ? 'null' : `"${isoTime(timeMs)}"`;
}
