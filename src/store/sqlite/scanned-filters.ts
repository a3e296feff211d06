/** Which filters of a list no index fulfils, as conditions of SQL: they are applied row by row. Pure; also for who weighs a list. */
import type { ListAsk } from './operation.ts';
import { PARTIAL } from './request-row.ts';

/** `source` in list.ts fulfils the others. */
export function scannedFilters({ callerId, mode, status, delivery }: ListAsk): string[] {
  const byDelivery = delivery !== undefined;
  const byScan = status !== undefined && (byDelivery || (callerId === undefined && status < PARTIAL));
  return [...(mode === undefined ? [] : ['mode = :mode']), ...(byScan ? ['+status = :status'] : [])];
}
