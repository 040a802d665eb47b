-- Renews the lease of one replica, and counts the replicas whose leases have not run out.
-- KEYS[1]  sorted set: replicas by the time that their leases end, in milliseconds
-- ARGV     the replica, the length of its lease in milliseconds (0 gives it up)
-- Returns  their number, and Redis's time in milliseconds since 1970
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = tonumber(ARGV[2])

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if lease > 0 then
  redis.call('ZADD', KEYS[1], now + lease, ARGV[1])
  redis.call('PEXPIRE', KEYS[1], lease * 2)
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return { redis.call('ZCARD', KEYS[1]), now }
