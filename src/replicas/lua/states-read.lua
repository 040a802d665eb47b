-- Reads states of jobs, and claims those for this replica that have to be read from ICE. It takes the starts of their
-- GetPackageJob calls by rate.lua, so that they need not be asked for after that.
--
-- KEYS: the replica that leads; the replica that swept last; the three of rate.lua; then the hash of each job.
-- ARGV: this replica; Redis's time now; how long a claim lasts, 0 is none; how old the state of an unfinished, a finished and a
--       missing job may be; how old an unfinished job of others may be, or nothing where none is taken along; 1 if this is the
--       last of the calls that belong together, or 0, as it is while what is taken along is still to come; then two for each job:
--       the time that its state has to be newer than, or nothing, and what for ('summary'; 'sweep', a summary that no client waits
--       for; 'detail', which has an output URL; 'along': nobody here waits for it, and it is claimed where lists show it and this
--       replica reads a list).
-- Times are milliseconds.
--
-- Returns what rate.lua does, or nothing; and a list for each job: 'fresh', 'claimed' for this replica, 'awaited' as another
-- one reads it, or 'stale', and then the fields o v g a s n m u j of its state, see states.ts. The fields are left out where
-- nobody needs them: this replica knows as much, or it does not take the job along.

local FIXED, KEPT = 10, 5
-- How long the others wait at most until the replica that leads has claimed what it takes along.
local LEAD = 250
-- How late a sweep may be for which clients wait, as a part of the greatest age of an unfinished job and at most.
local LATE, MAX_LATE = 0.5, 500
-- For more jobs than FEW that lists show, a list is read. So it is for MANY of which nothing is known.
local FEW, MANY = 3, 10

local replica, now, claim = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local unfinished, finished, missing = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local along, isLast = tonumber(ARGV[7]), ARGV[8] == '1'
local maxAges = { INIT = unfinished, UNKNOWN = unfinished, SUCCESS = finished, FAIL = finished, [''] = missing }

local function isKnown(state, newerThan)
  return newerThan ~= '' and state[2] and tonumber(state[2]) <= tonumber(newerThan)
end

local function isGood(state, newerThan, purpose)
  if not state[1] then return false end
  local validatedAt, status, url = tonumber(state[2]), state[5], state[8]
  local age = now - validatedAt
  if age < 0 or age >= (purpose == 'along' and along or maxAges[status] or 0) then return false end
  if isKnown(state, newerThan) then return false end
  return purpose ~= 'detail' or status == '' or url ~= ''
end

-- What was swept in time is swept again right away. So a sweep that is late, as replicas are busy, does not have clients read its
-- jobs piece by piece, which would keep them busier.
local isSwept = claim > 0 and redis.call('EXISTS', KEYS[2]) == 1
local late = math.min(MAX_LATE, LATE * unfinished)
local function isLeftToSweep(state)
  if not isSwept or not state.isListed or state.purpose ~= 'summary' then return false end
  local overdue = now - tonumber(state.fields[2]) - unfinished
  return overdue >= 0 and overdue < late
end

local states, isToList = {}, false
for place = 1, #KEYS - KEPT do
  local newerThan, purpose = ARGV[FIXED + 2 * place - 1], ARGV[FIXED + 2 * place]
  local fields = redis.call('HMGET', KEYS[place + KEPT], 'o', 'v', 'g', 'a', 's', 'n', 'm', 'u', 'j', 'c', 'k')
  local state = {
    fields = fields, purpose = purpose, isGood = isGood(fields, newerThan, purpose),
    isListed = fields[1] and fields[5] == 'INIT' and purpose ~= 'detail',
    claimant = tonumber(fields[10] or '0') > now and fields[11],
  }
  states[place] = state
  state.isAwaited = (state.claimant and state.claimant ~= replica) or isLeftToSweep(state)
  if claim > 0 and state.isListed and not state.isGood and not state.isAwaited and purpose ~= 'along' then
    isToList = true
    if purpose == 'sweep' then redis.call('SET', KEYS[2], replica, 'PX', math.ceil(2 * unfinished)) end
  end
end

-- Who reads a list takes along what others want. Replicas whose jobs are due at the same moment must not each read the same
-- pages, so they wait until it is known what the first of them reads.
local leader = claim > 0 and redis.call('GET', KEYS[1])
if not leader and along and isToList then
  leader = replica
  redis.call('SET', KEYS[1], replica, 'PX', LEAD)
end

local answers, listed, others = {}, 0, 0
for place, state in ipairs(states) do
  local fields, key = state.fields, KEYS[place + KEPT]
  local answer, isClaimed = 'stale', false
  if state.isGood then
    answer = 'fresh'
  elseif claim == 0 then
    answer = 'stale'
  elseif state.purpose == 'along' then
    isClaimed = leader == replica and state.isListed and not state.claimant
  elseif state.isAwaited or (leader and leader ~= replica and state.isListed) then
    answer = 'awaited'
  else
    isClaimed = true
  end
  if isClaimed then
    answer = 'claimed'
    if state.isListed then listed = listed + 1 else others = others + 1 end
    redis.call('HSET', key, 'c', string.format('%.0f', now + claim), 'k', replica)
    if not fields[1] then redis.call('PEXPIRE', key, claim) end
  end
  local isNews = not isKnown(fields, ARGV[FIXED + 2 * place - 1])
  local isOfUse = state.isGood or isNews
  if state.purpose == 'along' then isOfUse = isClaimed end
  answers[place] = isOfUse and { answer, unpack(fields, 1, 9) } or { answer }
end
if isLast and leader == replica then redis.call('DEL', KEYS[1]) end

local wanted = (listed <= FEW and listed or 0) + (others < MANY and others or 0)
if ARGV[9] == '' or wanted == 0 then return { false, answers } end
return { rate({ KEYS[3], KEYS[4], KEYS[5] }, { 'take', replica, ARGV[9], wanted, ARGV[10] }), answers }
