-- Decides who looks for ends, and among the jobs of which times.
--
-- KEYS: the windows of the replicas' jobs; who looks; how many pages the last look took.
-- ARGV: this replica; the window of its jobs, from and to, in milliseconds since 1970; how long nobody else looks, in milliseconds.
--
-- Returns the window of all where this replica is to look, or nothing; and then how many pages the last look took, if that is known.

-- What a replica has not told again for so long is forgotten, in milliseconds.
local KEEP = 5000

local windows, looking, took = KEYS[1], KEYS[2], KEYS[3]
local replica, from, to, pause = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

redis.call('HSET', windows, replica, string.format('%.0f %.0f %.0f', from, to, now))
redis.call('PEXPIRE', windows, KEEP)
local pages = redis.call('GET', took) or ''
if not redis.call('SET', looking, replica, 'PX', pause, 'NX') then return { '', '', pages } end

local rows = redis.call('HGETALL', windows)
for place = 1, #rows, 2 do
  local otherFrom, otherTo, at = string.match(rows[place + 1], '^(%-?%d+) (%-?%d+) (%d+)$')
  if math.abs(now - at) > KEEP then
    redis.call('HDEL', windows, rows[place])
  else
    from, to = math.min(from, tonumber(otherFrom)), math.max(to, tonumber(otherTo))
  end
end
return { string.format('%.0f', from), string.format('%.0f', to), pages }
