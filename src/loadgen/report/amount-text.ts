/** Amounts for people, short and with as many digits as mean something. Pure. */

/** `0.042 ms`, `3.40 ms`, `120 ms`, `1.40 s`, `12.3 s`, `3 min 05 s`. */
export function millisText(ms: number): string {
  if (ms < 0.0005) return '0 ms';
  // Bounds lie where rounding would carry over into the next form.
  if (ms < 0.9995) return `${ms.toFixed(3)} ms`;
  if (ms < 9.995) return `${ms.toFixed(2)} ms`;
  if (ms < 99.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  if (ms < 9_995) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  return spanText(ms);
}

/** Of times that are told in whole milliseconds: `2 ms`, `40 ms`, `1.40 s`. */
export function wholeMillisText(ms: number): string {
  return ms < 999.5 ? `${Math.round(ms)} ms` : millisText(ms);
}

/** `millisText` for a column of milliseconds: `0.042`, `3.40`, `120`, `1,400`. */
export function plainMillis(ms: number): string {
  if (ms < 0.0005) return '0';
  if (ms >= 99.95) return countText(ms);
  return ms.toFixed(ms < 0.9995 ? 3 : ms < 9.995 ? 2 : 1);
}

/** Of a length that someone chose: `500 ms`, `30 s`, `1.5 s`, `2 min`, `3 min 05 s`, `1 h 10 min`. */
export function spanText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${Number((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min${seconds % 60 === 0 ? '' : ` ${two(seconds % 60)} s`}`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? '' : ` ${two(minutes % 60)} min`}`;
}

/** Whole numbers in full with commas. */
export function countText(count: number): string {
  return Math.round(count).toLocaleString('en');
}

/** `12.3/s`, `1,234/s`. */
export function rateText(perSecond: number): string {
  return `${perSecond >= 100 || Number.isInteger(perSecond) ? countText(perSecond) : significant(perSecond)}/s`;
}

/** Of a share in 0…1: `12.3 %`, `0.067 %`. */
export function shareText(share: number): string {
  const percentage = share * 100;
  return `${Number(percentage.toPrecision(percentage < 1 ? 2 : 3))} %`;
}

/** Three significant digits, without the zeros at the end. */
export function significant(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** `1 answer`, `2 answers`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
