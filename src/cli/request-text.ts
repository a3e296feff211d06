/** A request of a service, for people. Pure. */
import { factorizationOf, type RequestBody } from '../client/client.ts';
import { durationText } from './duration-text.ts';
import { factorsLine } from './factored-text.ts';
import { columns } from './help-text.ts';

/** Several lines, the last one empty, so that requests stand apart. */
export function requestText(request: RequestBody): string {
  const {
    request_id: id,
    status,
    caller_id: caller,
    mode,
    cpu_ms: cpuMs,
    error,
    position,
    expected_ms: expectedMs,
  } = request;
  const rows = [
    ['caller', `${caller} (${mode})`],
    ['number', digitsText(request.number)],
    ...(status === 'done' || status === 'partial' ? [['factors', factorsText(request)]] : []),
    ...(error ? [['reason', `${error.reason} (${error.code})`]] : []),
    ...(position === null
      ? []
      : [['in line', position === 0 ? 'next of this caller' : `after ${position} of this caller`]]),
    ...(request.progress ? [['progress', progressText(request.progress)]] : []),
    ...(expectedMs === null ? [] : [['ready in', `about ${durationText(expectedMs)}`]]),
    ['cpu time', durationText(cpuMs)],
    ...(request.delivery === null ? [] : [['callback', `${request.delivery}: ${request.callback_url}`]]),
  ];
  return `${id}  ${status}\n${columns(rows)}\n${columns(timelineRows(request))}\n`;
}

function digitsText(number: string): string {
  return number.length > 9 ? `${number}  (${number.length} digits)` : number;
}

function factorsText(request: RequestBody): string {
  const { factors } = factorizationOf(request);
  return factors.length === 0 ? 'none' : factorsLine('', factors).slice(': '.length);
}

function progressText({ stage, fraction }: NonNullable<RequestBody['progress']>): string {
  return `${stage}, ${Math.floor(fraction * 100)} %`;
}

type TimelineEntry = RequestBody['timeline'][number];

/** The first moment in full, later ones as the time since. */
function timelineRows({ timeline }: RequestBody): [string, string][] {
  const [first] = timeline;
  const beganMs = Date.parse(first?.at ?? '');
  return timeline.map((entry) => [
    entry === first
      ? entry.at
      : `+ ${durationText(Date.parse(entry.at) - beganMs)}`.padStart(first?.at.length ?? 0),
    eventText(entry, beganMs),
  ]);
}

function eventText(entry: TimelineEntry, beganMs: number): string {
  if (entry.event === 'recovered') return `recovered: ${entry.reason}`;
  if (entry.event === 'finished')
    return `finished: ${entry.status}${entry.source === null ? '' : `, ${entry.source}`}`;
  if (entry.event === 'attempted') {
    const next =
      entry.next_at === null ? '' : `, next after ${durationText(Date.parse(entry.next_at) - beganMs)}`;
    return `called back: ${entry.status ?? entry.error}, took ${durationText(entry.duration_ms)}${next}`;
  }
  if (entry.event === 'dead') return `dead: ${entry.reason}`;
  if (entry.event !== 'paused') return entry.event;
  const times = entry.times === 1 ? 'once' : `${entry.times} times`;
  return `paused ${times}, last resumed after ${durationText(Date.parse(entry.last_resumed_at) - beganMs)}`;
}
