-- Takes a cost from the bucket of one client, if it has as much. It fills at a constant rate, by Redis's clock.
-- KEYS[1]  hash: what the bucket lacks of a full one, and when that was so, in milliseconds. There is none for a full bucket
-- ARGV     the cost, which can be negative; what a full bucket has; how long an empty one takes to fill, in seconds
-- Returns  1 if it was taken; what is left, as text
local TOLERANCE = 1e-6
local cost, size, seconds = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local per_ms = size / (1000 * seconds)
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000

local known = redis.call('HMGET', KEYS[1], 'missing', 'at')
local missing = tonumber(known[1] or 0)
missing = math.max(0, missing - per_ms * math.max(0, now - tonumber(known[2] or now)))

local taken = missing + cost <= size + TOLERANCE
if taken then missing = math.max(0, missing + cost) end
if missing > 0 then
  redis.call('HSET', KEYS[1], 'missing', missing, 'at', now)
  redis.call('PEXPIRE', KEYS[1], math.ceil(missing / per_ms) + 1)
else
  redis.call('DEL', KEYS[1])
end
return { taken and 1 or 0, string.format('%.17g', math.max(0, size - missing)) }
