/**
 * A commit: all that a round changed, as one step, if and only if the lease is ours and is held.
 *
 * Invariants:
 *   C1. A commit has one outcome: its number is kept in the lease once it has been carried out, or refused for want of memory. So it
 *       may be repeated until its outcome is known, and one that turns up late, after its connection was given up, changes nothing.
 *   C2. It is carried out wholly or not at all. Whatever may refuse it is looked at first; for want of memory Redis refuses the first
 *       write of a script or none.
 */
import { OWNERS_ONLY } from './lease-scripts.ts';
import { script } from './script.ts';

/** Redis unpacks no more values than this at once, by far. */
const PIECE = 1_000;

/**
 * KEYS: lease, hashes. ARGV: owner, epoch, number of the commit; then for each hash how many fields are deleted and how many values
 * follow to be set, the fields, and fields with values in turn. → [`done`], [`full`], [`lapsed`], or [`lost`, …].
 */
export const COMMIT = script(`${OWNERS_ONLY}
if left == 0 then return {'lapsed'} end
if tonumber(lease.commit) >= tonumber(ARGV[3]) then
  if lease.refused == ARGV[3] then return {'full'} end
  return {'done'}
end
for i = 2, #KEYS do
  local found = redis.call('TYPE', KEYS[i]).ok
  if found ~= 'hash' and found ~= 'none' then return {'lost', 'foreign', KEYS[i]} end
end
local function each(command, key, from, count)
  for first = from, from + count - 1, ${PIECE} do
    redis.call(command, key, unpack(ARGV, first, math.min(first + ${PIECE} - 1, from + count - 1)))
  end
end
local parts = {}
local at = 4
for i = 2, #KEYS do
  local part = { key = KEYS[i], deletes = tonumber(ARGV[at]), sets = tonumber(ARGV[at + 1]), from = at + 2 }
  at = part.from + part.deletes + part.sets
  table.insert(parts, part)
end
for _, part in ipairs(parts) do each('HDEL', part.key, part.from, part.deletes) end
local counted = redis.pcall('HSET', KEYS[1], 'commit', ARGV[3])
if type(counted) == 'table' and counted.err then
  if not string.find(counted.err, 'OOM', 1, true) then return counted end
  redis.call('HDEL', KEYS[1], 'none')
  redis.call('HSET', KEYS[1], 'commit', ARGV[3], 'refused', ARGV[3])
  return {'full'}
end
for _, part in ipairs(parts) do each('HSET', part.key, part.from + part.deletes, part.sets) end
return {'done'}
`);

/** ARGV: owner, epoch, schema. KEYS: lease, tables of the version before. From now on the new one counts. → [`done`]. */
export const CHANGE_SCHEMA = script(`${OWNERS_ONLY}
redis.call('HSET', KEYS[1], 'schema', ARGV[3])
for i = 2, #KEYS do redis.call('UNLINK', KEYS[i]) end
return {'done'}
`);

/** Deletes what a change of the schema that was cut off has left. ARGV: owner, epoch. KEYS: lease, tables. → [`done`]. */
export const DROP_TABLES = script(`${OWNERS_ONLY}
for i = 2, #KEYS do redis.call('UNLINK', KEYS[i]) end
return {'done'}
`);
