/**
 * The lease of a database: a hash with `epoch`, `owner`, `name`, `until` (milliseconds by the clock of Redis), `schema`, and the
 * numbers of the last `commit` in this epoch and of the last one that was `refused`. It does not expire: it is held while `until` lies ahead. All of it is read and written
 * by these scripts alone, each of which runs as one step.
 *
 * Redis with no memory left refuses writes that may need some, but only where they are the first of a script: an HDEL of nothing
 * goes first where what follows needs none, so that a lease never ends for want of memory.
 */
import { script } from './script.ts';

export const PREFIX = 'fairsieve:';
export const LEASE_KEY = `${PREFIX}lease`;

/** `now`: milliseconds by the clock of Redis. `lease`: the fields of a lease by name, false for absent ones; or why there is none. */
const HEAD = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function later(ms) return string.format('%.0f', now + ms) end
local lease = {}
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'hash' then
  local names = {'epoch', 'owner', 'name', 'until', 'schema', 'commit', 'refused'}
  local values = redis.call('HMGET', KEYS[1], unpack(names))
  for i, name in ipairs(names) do lease[name] = values[i] end
  if not lease.epoch then kind = 'foreign' end
elseif kind ~= 'none' then
  kind = 'foreign'
end
local left = 0
if lease.owner and lease['until'] then left = math.max(0, tonumber(lease['until']) - now) end
`;

/**
 * Refuses whoever does not own the lease with [`lost`, why, the name of the present owner]. ARGV: owner, epoch, …
 */
export const OWNERS_ONLY = `${HEAD}
if kind == 'none' then return {'lost', 'gone'} end
if kind == 'foreign' then return {'lost', 'foreign'} end
if lease.owner ~= ARGV[1] or lease.epoch ~= ARGV[2] then return {'lost', 'taken', lease.name or ''} end
`;

/** → [`none`], [`emptied`] (see `RELEASE_EMPTIED`), [`foreign`], or [`lease`, name, how many ms it is held for, schema]. */
export const LOOK = script(`${HEAD}
if kind ~= 'hash' then return {kind} end
if not lease.schema then return {'emptied'} end
return {'lease', lease.name or '', left, tonumber(lease.schema)}
`);

/**
 * Takes a lease that is not held, or is held by this owner. ARGV: owner, name, ms, schema if there is none.
 * → [`claimed`, epoch, schema], [`held`, name, ms left], or [`foreign`].
 */
export const CLAIM = script(`${HEAD}
if kind == 'foreign' then return {kind} end
if left > 0 and lease.owner ~= ARGV[1] then return {'held', lease.name or '', left} end
redis.call('HDEL', KEYS[1], 'refused')
local epoch = redis.call('HINCRBY', KEYS[1], 'epoch', 1)
redis.call('HSETNX', KEYS[1], 'schema', ARGV[4])
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'name', ARGV[2], 'until', later(ARGV[3]), 'commit', 0)
return {'claimed', tostring(epoch), redis.call('HGET', KEYS[1], 'schema')}
`);

/** Prolongs the lease, also one that has run out as long as nobody else took it. ARGV: owner, epoch, ms. → [`held`]. */
export const RENEW = script(`${OWNERS_ONLY}
redis.call('HDEL', KEYS[1], 'none')
redis.call('HSET', KEYS[1], 'until', later(ARGV[3]))
return {'held'}
`);

/** Gives the lease back. What it says of the tables stays. KEYS: lease. ARGV: owner, epoch. → [`released`]. */
export const RELEASE = script(`${OWNERS_ONLY}
redis.call('HDEL', KEYS[1], 'owner', 'until', 'commit', 'refused')
return {'released'}
`);

/**
 * … of a database whose tables go with it. Of the lease stay the epoch, so that no epoch is given twice, and `sequences`, if it is not
 * empty; with neither name nor schema it is nobody's, and good for every version. KEYS: lease, tables. ARGV: owner, epoch, sequences. → [`released`].
 */
export const RELEASE_EMPTIED = script(`${OWNERS_ONLY}
redis.call('UNLINK', unpack(KEYS, 2))
redis.call('HDEL', KEYS[1], 'owner', 'name', 'until', 'schema', 'commit', 'refused', 'sequences')
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'sequences', ARGV[3]) end
return {'released'}
`);

/** What `RELEASE_EMPTIED` kept is in a table again. KEYS: lease. ARGV: owner, epoch. → [`done`]. */
export const FORGET_SEQUENCES = script(`${OWNERS_ONLY}
redis.call('HDEL', KEYS[1], 'sequences')
return {'done'}
`);
