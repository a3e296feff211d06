/** What a `Retry-After` asks for (RFC 9110, 10.2.3). Pure. */

/** Milliseconds, from seconds or an HTTP date; 0 if it is absent, past or unreadable. */
export function retryAfterMs(value: string | undefined, wallMs: number): number {
  const text = value?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // Only a date begins with a letter; Date.parse would make a year of other numbers.
  const date = /^[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? 0 : Math.max(0, date - wallMs);
}
