/** A callback that arrived, for people and for programs. Pure. */
import { factorizationOf, type RequestBody } from '../client/client.ts';
import type { Arrival } from './callback-receiver.ts';
import { factorsLine } from './factored-text.ts';

/** Two lines or three, as from whoever posts here: what they sent is shown, and can't steer the terminal. */
export function arrivalText({ atMs, attempt, check, status, body }: Arrival): string {
  const request = parsed(body);
  const signature = check.kind === 'bad' ? `signature BAD (${check.reason})` : SIGNATURES[check.kind];
  const head = [
    new Date(atMs).toISOString(),
    ...(request ? [`#${request.sequence}`, request.request_id, request.status] : []),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    signature,
    `answered ${status}`,
  ];
  return printable(
    `${head.join('  ')}\n  ${request ? outcome(request) : `no callback of fairsieve: ${shortened(body)}`}`,
  );
}

/** A line of JSON. `verified` is null where there was no secret to verify with. */
export function arrivalJson({ atMs, path, webhookId, attempt, check, status, body }: Arrival): string {
  return JSON.stringify({
    at: new Date(atMs).toISOString(),
    path,
    webhook_id: webhookId,
    attempt,
    verified: check.kind === 'unchecked' ? null : check.kind === 'good',
    answered: status,
    body: json(body) ?? body,
  });
}

type Callback = Omit<RequestBody, 'timeline'>;

const SIGNATURES = { good: 'signature good', unchecked: 'signature not checked' } as const;
const SHOWN_CHARS_MAX = 200;

function parsed(body: string): Callback | undefined {
  const value = json(body) as Partial<Callback> | null | undefined;
  return typeof value === 'object' && typeof value?.request_id === 'string' ? (value as Callback) : undefined;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function outcome(request: Callback): string {
  if (request.error) return `${request.number}: ${request.error.reason}`;
  if (request.status !== 'done' && request.status !== 'partial') return request.number;
  try {
    return factorsLine(request.number, factorizationOf(request).factors);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function shortened(text: string): string {
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text;
}

function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n]/gu, '�');
}
