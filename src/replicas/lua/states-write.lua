-- Stores states of jobs, each where it supersedes the one that is there, and tells all replicas of what changed by it, and which
-- unfinished jobs were read without a change.
-- `merged` in src/jobs/store/entry.ts has the same rule.
--
-- KEYS: the stream of changes; the number of changes; the stream of jobs that were read without a change; then the hash of each job.
-- ARGV: the most changes kept; how long a finished and any other job is kept; how long an accepted job stays known although a read
--       does not find it; this replica; then ten for each job: its id, and the fields o v g a s n m u j of its state, see states.ts.
-- Times are milliseconds.
--
-- Returns for each job nothing where it is stored as given, or else the fields of what is stored.

local FIXED = 5
-- What a replica misses of this stream it looks up.
local READS_KEPT = 200
local kept, finishedTtl, ttl, settling, replica = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local NAMES = { 'o', 'v', 'g', 'a', 's', 'n', 'm', 'u', 'j' }

local function isFinished(state) return state.s == 'SUCCESS' or state.s == 'FAIL' end
local function isMissing(state) return state.s == '' end
local function isSettling(state, at) return state.a ~= '' and tonumber(at) - tonumber(state.a) < settling end
local function later(a, b) return tonumber(a) >= tonumber(b) and a or b end

local function isOneState(a, b)
  if isMissing(a) or isMissing(b) or a.s ~= b.s then return false end
  return isFinished(a) or a.m == b.m
end

local function supersedes(new, known)
  if isMissing(known) and not isMissing(new) and isSettling(new, known.o) then return true end
  if isMissing(new) and not isMissing(known) and isSettling(known, new.o) then return false end
  if not isMissing(new) and not isMissing(known) then
    if isFinished(new) ~= isFinished(known) then return isFinished(new) end
    if new.n ~= '' and known.n ~= '' and new.m ~= known.m then return tonumber(new.n) > tonumber(known.n) end
  end
  return tonumber(new.o) >= tonumber(known.o)
end

local function merged(new, known)
  local isNew = supersedes(new, known)
  local latest, other = known, new
  if isNew then latest, other = new, known end
  local isOne = isOneState(latest, other)
  local isAsNew = isOne or (isNew and not isMissing(new) and not isMissing(known))
  local acceptedAt = later(new.a == '' and '0' or new.a, known.a == '' and '0' or known.a)
  return {
    o = latest.o,
    v = isAsNew and later(latest.v, other.v) or latest.v,
    g = later(latest.g, other.g),
    a = acceptedAt == '0' and '' or acceptedAt,
    s = latest.s, n = latest.n, m = latest.m,
    u = latest.u == '' and isOne and other.u or latest.u,
    j = latest.j,
  }
end

-- The fields of a state: their values, each after its name where that is wanted.
local function flat(state, withNames)
  local values = {}
  for _, name in ipairs(NAMES) do
    if withNames then values[#values + 1] = name end
    values[#values + 1] = state[name]
  end
  return values
end

local function isEqual(a, b)
  for _, name in ipairs(NAMES) do
    if a[name] ~= b[name] then return false end
  end
  return true
end

local function read(key)
  local values = redis.call('HMGET', key, 'k', unpack(NAMES))
  local state = { k = table.remove(values, 1) }
  for index, name in ipairs(NAMES) do state[name] = values[index] end
  return state
end

local answers, reads = {}, {}
for index = 4, #KEYS do
  local key, first = KEYS[index], FIXED + 10 * (index - 4) + 1
  local id, new = ARGV[first], {}
  for place, name in ipairs(NAMES) do new[name] = ARGV[first + place] end
  local known = read(key)
  -- Nobody waits for this replica any more. Another one that has claimed the job still reads it.
  if known.k == replica then redis.call('HDEL', key, 'c', 'k') end
  if not known.o then known = nil end
  local stored = known and merged(new, known) or new
  redis.call('HSET', key, unpack(flat(stored, true)))
  redis.call('PEXPIRE', key, isFinished(stored) and finishedTtl or ttl)
  local isNews = not known or known.s ~= stored.s or known.m ~= stored.m or known.u ~= stored.u or known.j ~= stored.j
  if isNews then
    local number = redis.call('INCR', KEYS[2])
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', kept, '*', 'number', number, 'id', id, unpack(flat(stored, true)))
  elseif stored.s == 'INIT' and tonumber(stored.v) > tonumber(known.v) then
    reads[#reads + 1] = id
    reads[#reads + 1] = table.concat({ stored.o, stored.v, stored.g, stored.m }, ' ')
  end
  answers[#answers + 1] = not isEqual(stored, new) and flat(stored, false)
end
if #reads > 0 then redis.call('XADD', KEYS[3], 'MAXLEN', '~', READS_KEPT, '*', 'replica', replica, unpack(reads)) end
return answers
