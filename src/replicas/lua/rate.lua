-- The rate of one action of ICE, for all replicas together. It has the rules of src/ice/rate.ts and Redis's clock.
--
-- KEYS[1]  hash: how the rate was lowered, and the last throttling
-- KEYS[2]  list: starts in the last span, oldest first, each as "time replica count"
-- KEYS[3]  hash: by replica, "starts clients missing time": its starts in the span, how many clients it has, how many
--          starts it asked for in vain, and when it asked last
-- ARGV     what to do, the replica, the limit of starts in a second, and
--          take       the starts wanted, the clients of the replica
--          log        starts that were made without asking, the clients of the replica
--          throttled  how long ago the throttled call started, how long ICE asks to wait, in milliseconds
-- Returns  granted starts; milliseconds until more can be granted; milliseconds that all starts are paused; starts that are
--          left; a thousand times the rate, and a thousand times the part of this replica
local SPAN, QUIET, MAX_PAUSE, KEEP = 1050, 60, 60000, 3600000
local task, own, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- What is there. A time in the future is of a Redis with another clock, before a failover.
local state = {}
local fields = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do state[fields[i]] = tonumber(fields[i + 1]) end
local paused = state.paused or 0
if paused > now + MAX_PAUSE then paused = 0 end
local refusedAt = state.refusedAt or 0
if refusedAt > now then refusedAt = 0 end

local replicas = {}
local rows = redis.call('HGETALL', KEYS[3])
for i = 1, #rows, 2 do
  local starts, clients, missing, at = string.match(rows[i + 1], '^(%d+) (%d+) (%d+) (%d+)$')
  replicas[rows[i]] = {
    starts = tonumber(starts), clients = tonumber(clients), missing = tonumber(missing), at = tonumber(at),
  }
end
local function write(name)
  local row = replicas[name]
  local text = string.format('%d %d %d %.0f', row.starts, row.clients, row.missing, row.at)
  redis.call('HSET', KEYS[3], name, text)
end
local me = replicas[own] or { starts = 0, clients = 1, missing = 0, at = now }
replicas[own] = me

-- Starts that have left the span.
local oldest
while true do
  local entry = redis.call('LINDEX', KEYS[2], 0)
  if not entry then break end
  local at, who, count = string.match(entry, '^(%d+) (%S+) (%d+)$')
  oldest = tonumber(at)
  if oldest > now - SPAN and oldest <= now + SPAN then break end
  redis.call('LPOP', KEYS[2])
  oldest = nil
  local replica = replicas[who]
  if replica then
    replica.starts = math.max(0, replica.starts - count)
    write(who)
  end
end

-- The rate is lowered once the pause is over, by what was granted in the second before it.
if state.refused and now >= paused then
  local granted = math.min(state.refused, math.max(state.refused / 2, state.used - state.throttled))
  state.to = math.max(1, math.floor(0.9 * granted))
  state.ceiling = math.max(1, math.min(0.95 * granted, state.refused - 1))
  state.at = paused
  state.refused = nil
  redis.call('HSET', KEYS[1], 'to', state.to, 'ceiling', state.ceiling, 'at', state.at)
  redis.call('HDEL', KEYS[1], 'refused')
end
local rate = limit
if state.to then
  local seconds = math.abs(now - state.at) / 1000
  rate = math.min(limit, math.min(state.to + seconds, state.ceiling) + math.max(0, seconds - QUIET))
end

-- The parts of the replicas that asked of late go by their clients.
local used, clients = 0, 0
if task ~= 'throttled' then me.clients, me.at = math.max(1, tonumber(ARGV[5])), now end
for name, replica in pairs(replicas) do
  used = used + replica.starts
  if replica.starts == 0 and math.abs(now - replica.at) > SPAN and name ~= own then
    replicas[name] = nil
    redis.call('HDEL', KEYS[3], name)
  else
    clients = clients + replica.clients
  end
end
local function partOf(replica) return rate * replica.clients / clients end

local free = math.floor(rate) - used
local granted = 0
if task == 'throttled' then
  local startedAt, wait = now - tonumber(ARGV[4]), math.min(tonumber(ARGV[5]), MAX_PAUSE)
  -- Answers to calls that started before the first of them are one event.
  if startedAt > refusedAt then
    redis.call('HSET', KEYS[1], 'refusedAt', now, 'refused', rate, 'used', used, 'throttled', 1)
  else
    redis.call('HINCRBY', KEYS[1], 'throttled', 1)
  end
  paused = math.max(paused, now + wait)
  redis.call('HSET', KEYS[1], 'paused', paused)
elseif task == 'log' then
  granted = tonumber(ARGV[4])
elseif now >= paused then
  -- Beyond its part a replica leaves alone what others below theirs have just asked for.
  local reserved = 0
  for name, replica in pairs(replicas) do
    if name ~= own and now - replica.at < 250 then
      reserved = reserved + math.min(replica.missing, math.max(0, math.floor(partOf(replica) - replica.starts)))
    end
  end
  local within = math.min(free, math.ceil(partOf(me) - me.starts))
  granted = math.max(0, math.min(tonumber(ARGV[4]), math.max(within, free - reserved)))
end

if task ~= 'throttled' then
  me.missing = math.max(0, tonumber(ARGV[4]) - granted)
  if granted > 0 then
    me.starts = me.starts + granted
    used = used + granted
    redis.call('RPUSH', KEYS[2], string.format('%.0f %s %d', now, own, granted))
    oldest = oldest or now
  end
end
write(own)
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], KEEP) end

local wait = math.max(paused - now, 0)
if wait == 0 and granted < (tonumber(ARGV[4]) or 0) then
  wait = free > granted and 20 or math.max(1, (oldest or now) + SPAN - now)
end
local part = math.max(1, partOf(me), rate - (used - me.starts))
return {
  granted, wait, math.max(paused - now, 0), math.max(0, math.floor(rate) - used),
  math.floor(rate * 1000), math.floor(part * 1000),
}
