-- Reads states of jobs, and claims those for this replica that have to be read from ICE.
--
-- KEYS: the replica that leads a sweep; then the hash of each job.
-- ARGV: this replica; Redis's time now; how long a claim lasts, 0 is none; how old the state of an unfinished, a finished and a
--       missing job may be; then two for each job: the time that its state has to be newer than, or nothing, and what for
--       ('summary'; 'detail', which has an output URL; 'sweep', a summary that no client waits for; 'along': nobody here waits
--       for it, so only a job that lists show is claimed).
-- Times are milliseconds.
--
-- Returns a list for each job: 'fresh', 'claimed' for this replica, 'awaited' as another one reads it, or 'stale', and then the
-- fields o v g a s n m u j of its state, see states.ts.

local FIXED = 6
-- For so many jobs a list is read, which takes those of other replicas along.
local MANY = 4
-- How long the others wait until the replica that leads has claimed what it takes along, if it does not do so before.
local LEAD = 250

local replica, now, claim = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local unfinished, finished, missing = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local maxAges = { INIT = unfinished, UNKNOWN = unfinished, SUCCESS = finished, FAIL = finished, [''] = missing }

local function isGood(state, newerThan, purpose)
  if not state[1] then return false end
  local validatedAt, status, url = tonumber(state[2]), state[5], state[8]
  local age = now - validatedAt
  if age < 0 or age >= (maxAges[status] or 0) then return false end
  if newerThan ~= '' and validatedAt <= tonumber(newerThan) then return false end
  return purpose ~= 'detail' or status == '' or url ~= ''
end

local states, swept = {}, 0
for place = 1, #KEYS - 1 do
  local newerThan, purpose = ARGV[FIXED + 2 * place - 1], ARGV[FIXED + 2 * place]
  local state = redis.call('HMGET', KEYS[place + 1], 'o', 'v', 'g', 'a', 's', 'n', 'm', 'u', 'j', 'c', 'k')
  local isListed = state[1] and state[5] == 'INIT'
  states[place] = { fields = state, purpose = purpose, isGood = isGood(state, newerThan, purpose), isListed = isListed }
  if purpose == 'sweep' and isListed and not states[place].isGood then swept = swept + 1 end
end

-- Replicas whose jobs are due at the same moment must not each read the same pages.
local isLed = false
if claim > 0 and swept >= MANY then
  local leader = redis.call('GET', KEYS[1])
  isLed = leader and leader ~= replica
  if not leader then redis.call('SET', KEYS[1], replica, 'PX', LEAD) end
end

local answers = {}
for place, state in ipairs(states) do
  local fields, key = state.fields, KEYS[place + 1]
  local isClaimed = tonumber(fields[10] or '0') > now and fields[11] ~= replica
  local answer = 'stale'
  if state.isGood then
    answer = 'fresh'
  elseif claim > 0 and (isClaimed or (isLed and state.purpose == 'sweep' and state.isListed)) then
    answer = 'awaited'
  elseif claim > 0 and (state.purpose ~= 'along' or state.isListed) then
    answer = 'claimed'
    redis.call('HSET', key, 'c', string.format('%.0f', now + claim), 'k', replica)
    if not fields[1] then redis.call('PEXPIRE', key, claim) end
  end
  answers[place] = { answer, unpack(fields, 1, 9) }
end
return answers
