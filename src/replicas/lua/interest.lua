-- Renews the lease of the jobs that this replica wants to be read, and changes which they are.
--
-- KEYS: when the lease of each replica ends; the set of this replica's jobs; the number of changes of all sets.
-- ARGV: this replica; Redis's time now and the length of a lease, in milliseconds; 1 to begin with an empty set, or 0; how many
--       jobs are new; the new jobs, and then those that it does not want any more.
--
-- Returns the number of changes, how many jobs the set has, and the replicas that have a lease.

local leases, own, changes = KEYS[1], KEYS[2], KEYS[3]
local replica, now, lease, isAnew, news = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4] == '1', tonumber(ARGV[5])

local changed = redis.call('ZREMRANGEBYSCORE', leases, '-inf', string.format('%.0f', now))
if isAnew then changed = changed + redis.call('DEL', own) end
for place = 6, 5 + news do changed = changed + redis.call('SADD', own, ARGV[place]) end
for place = 6 + news, #ARGV do changed = changed + redis.call('SREM', own, ARGV[place]) end

local size = redis.call('SCARD', own)
if size > 0 then
  redis.call('PEXPIRE', own, lease)
  redis.call('ZADD', leases, string.format('%.0f', now + tonumber(lease)), replica)
else
  redis.call('ZREM', leases, replica)
end
if changed > 0 then redis.call('INCR', changes) end
return { tonumber(redis.call('GET', changes) or '0'), size, redis.call('ZRANGE', leases, 0, -1) }
