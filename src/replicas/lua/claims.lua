-- Keeps, or gives up, what this replica has claimed.
--
-- KEYS: the hash of each job.
-- ARGV: this replica; until when it claims them, in milliseconds of Redis's clock, or nothing to give them up.

local replica, untilTime = ARGV[1], ARGV[2]
for _, key in ipairs(KEYS) do
  if redis.call('HGET', key, 'k') == replica then
    if untilTime == '' then redis.call('HDEL', key, 'c', 'k') else redis.call('HSET', key, 'c', untilTime) end
  end
end
return redis.status_reply('OK')
