/**
 * Lists in the worker, newest first.
 *
 * Each combination of filters has a source that is in order already: the range of an index, the merge of a range for each status, or
 * the table. Filters that the source does not fulfil are applied to its first `PAGE_SCAN_MAX` rows only. (The `+` before a column
 * keeps the planner from taking the index by caller and sorting all that has this status.) A list of one caller has a source of
 * this caller's rows alone: where it goes on tells nothing of others, and what others have costs it nothing.
 */
import { PAGE_SCAN_MAX } from '../../domain/limits.ts';
import type { Database } from './database.ts';
import type { Handlers, ListAsk } from './operation.ts';
import { PARTIAL, REQUEST_COLUMNS, STORED_STATUSES, type ReadRow, type RequestRow } from './request-row.ts';
import { scannedFilters } from './scanned-filters.ts';
import { prepare, type Statement } from './statement.ts';

export function listHandlers(
  { db }: Database,
  withSpent: (row: RequestRow) => ReadRow,
): Pick<Handlers, 'list'> {
  const statements = new Map<string, Statement<readonly unknown[]>>();
  function all<Row>(sql: string, values: Record<string, string | number | null>): Row[] {
    const statement = statements.get(sql) ?? prepare<readonly unknown[]>(db, sql);
    statements.set(sql, statement);
    return statement.named(values) as Row[];
  }

  return {
    list(ask) {
      const {
        callerId: caller = null,
        mode = null,
        status = null,
        delivery = null,
        beforeSeq: before,
        limit,
      } = ask;
      const values = { caller, mode, status, delivery, before };
      const left = scannedFilters(ask);
      // The last row that may be looked at; undefined if there are fewer.
      const lastRow = `${source('seq', ask)} LIMIT 1 OFFSET ${PAGE_SCAN_MAX - 1}`;
      const floor = left.length === 0 ? undefined : all<readonly [number]>(lastRow, values)[0]?.[0];
      const rows = all<RequestRow>(
        `${source(REQUEST_COLUMNS, ask, ['seq >= :floor', ...left])} LIMIT :most`,
        {
          ...values,
          floor: floor ?? 0,
          most: limit + 1,
        },
      );
      const page = rows.slice(0, limit).map(withSpent);
      const next = rows.length > limit ? page.at(-1)?.[0] : floor;
      return next === undefined ? { rows: page } : { rows: page, next };
    },
  };
}

/** A SELECT of requests below `:before`, newest first, in the order of an index, so that it can stop at any row. */
function source(
  columns: string,
  { callerId, status, delivery }: ListAsk,
  conditions: readonly string[] = [],
): string {
  const selectFrom = (table: string, ...terms: string[]): string =>
    `SELECT ${columns} FROM ${table} WHERE ${[...terms, 'seq < :before', ...conditions].join(' AND ')}`;
  const select = (...terms: string[]): string => selectFrom('requests', ...terms);
  // Left to itself, the planner prefers the index over all callers.
  const ofCaller = 'requests INDEXED BY requests_by_caller_and_delivery';
  const byCaller = (code: number): string => select(`status = ${code}`, 'caller = :caller');
  let body: string;
  if (delivery !== undefined && callerId !== undefined)
    body = selectFrom(ofCaller, 'caller = :caller', 'delivery = :delivery');
  else if (delivery !== undefined) body = select('delivery = :delivery');
  else if (callerId !== undefined && status !== undefined) body = byCaller(status);
  else if (callerId !== undefined)
    body = STORED_STATUSES.map((_, code) => byCaller(code)).join(' UNION ALL ');
  else if (status !== undefined && status >= PARTIAL)
    body = select(`status = ${status}`, `status >= ${PARTIAL}`);
  else body = select();
  return `${body} ORDER BY seq DESC`;
}
