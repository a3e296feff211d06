/** How long the answer to a submission is held for its outcome, by the `Prefer` header. Pure. */
import { parsePrefer } from './prefer.ts';

export interface InlineWait {
  /** 0: not at all. */
  readonly heldMs: number;
  /** Whether the client named a time. */
  readonly isWished: boolean;
  readonly respondAsync: boolean;
}

/** As long as may be, unless the client wishes for less. */
export function inlineWait(prefer: string | undefined, waitMsMax: number): InlineWait {
  const { waitMs, respondAsync } = parsePrefer(prefer);
  // `respond-async` alone is a wish not to wait; with a wait, one to wait for that long (RFC 7240, section 4.3).
  const heldMs = Math.min(waitMs ?? (respondAsync ? 0 : Infinity), waitMsMax);
  return { heldMs, isWished: waitMs !== undefined, respondAsync };
}

/** The headers that say which preferences were heeded. */
export function preferenceApplied(
  { heldMs, isWished, respondAsync }: InlineWait,
  { isAccepted, hasWaited }: { readonly isAccepted: boolean; readonly hasWaited: boolean },
): Record<string, string> {
  const applied = [
    ...(respondAsync && isAccepted ? ['respond-async'] : []),
    ...(isWished && hasWaited ? [`wait=${heldMs / 1000}`] : []),
  ];
  return applied.length > 0 ? { 'preference-applied': applied.join(', ') } : {};
}
