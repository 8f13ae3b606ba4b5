-- What every operation begins with. Its own text follows, and finds its own arguments from
-- ARGV[7] on. Times are in milliseconds of Redis' clock, the only one that counts.
--
-- state       hash: run, seen, settled, expected, last; see below
-- instances   sorted set: instance -> when its lease ends
-- generations hash: instance -> the last registration of it that counts
-- held        hash: token -> user, one for each slot
-- line        sorted set: token -> arrival, in microseconds
-- waiting     hash: token -> user, for the tokens in line
-- users       hash: user -> tokens, held and in line
--
-- A token is instance:number. A slot that is kept for somebody who is to come is one of an
-- instance that is nothing else, has never registered, and is not heard of again.
local state, instances, generations, held, line, waiting, users = unpack(KEYS)
local me, generation, channel = ARGV[1], ARGV[2], ARGV[3]
local lease, limit, queue = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

local clock = redis.call('TIME')
local micros = clock[1] * 1000000 + clock[2]
local now = math.floor(micros / 1000)

-- Lua's own conversion of numbers to text keeps 14 digits only.
local function text(n) return string.format('%.0f', n) end

-- tell has those with tickets look where they are.
local function tell() redis.call('PUBLISH', channel, 'changed') end

local function count(user, n)
  if user ~= '' and redis.call('HINCRBY', users, user, n) <= 0 then
    redis.call('HDEL', users, user)
  end
end

-- drop takes back whatever the token stands for, and says what that was.
local function drop(token)
  local user = redis.call('HGET', held, token)
  if user then
    redis.call('HDEL', held, token)
    count(user, -1)
    return 'held'
  end
  user = redis.call('HGET', waiting, token)
  if user then
    redis.call('HDEL', waiting, token)
    redis.call('ZREM', line, token)
    count(user, -1)
    return 'waiting'
  end
end

-- forget drops an instance and all that it has.
local function forget(instance)
  local mark = instance .. ':'
  for _, key in ipairs({held, waiting}) do
    for _, token in ipairs(redis.call('HKEYS', key)) do
      if string.sub(token, 1, #mark) == mark then drop(token) end
    end
  end
  redis.call('ZREM', instances, instance)
  redis.call('HDEL', generations, instance)
end

-- renew begins this instance's lease anew.
local function renew() redis.call('ZADD', instances, text(now + lease), me) end

-- registered says whether all that this instance has is known here, as of the generation
-- that it speaks of. An operation that was on its way when the instance gave up on it
-- comes with an old one.
local function registered() return redis.call('HGET', generations, me) == generation end

-- settled is until when nobody is admitted.
local known = redis.call('HMGET', state, 'run', 'seen', 'settled')
local settled = tonumber(known[3]) or 0
local info = redis.call('INFO', 'server')
local run = string.match(info, 'run_id:(%w+)') or '?'
if known[1] ~= run then
  -- This is another Redis than before, or it has been emptied, or used for the first time:
  -- what is here, if anything, may be old. Whoever lives registers within a lease.
  redis.call('DEL', unpack(KEYS))
  redis.call('HSET', state, 'run', run)
  -- One second more, since the uptime is in whole ones.
  local uptime = tonumber(string.match(info, 'uptime_in_seconds:(%d+)')) or 0
  local young = now - uptime * 1000 + lease + 1000
  settled = now + lease
  if not known[1] and now < young then
    settled = young
  elseif not known[1] then
    -- Empty, and up for long: every instance that lives is connected, and is told now to
    -- register. When as many have done so as were told, nobody is missing.
    redis.call('HSET', state, 'expected', redis.call('PUBLISH', channel, 'register'))
  end
  redis.call('HSET', state, 'settled', text(settled))
elseif now - tonumber(known[2]) > lease / 2 then
  -- Instances that live are heard of more often than that. So it was Redis, or the way to
  -- it, that stood still, and nobody's lease could be renewed.
  for _, instance in ipairs(redis.call('ZRANGE', instances, 0, -1)) do
    local ends = math.max(now + lease, tonumber(redis.call('ZSCORE', instances, instance)))
    redis.call('ZADD', instances, text(ends), instance)
  end
end
redis.call('HSET', state, 'seen', text(now))

local function settling() return math.max(0, settled - now) end

local function free() return settling() == 0 and (limit < 0 or redis.call('HLEN', held) < limit) end

-- advance gives what is free to whoever has waited longest.
local function advance()
  while free() do
    local head = redis.call('ZRANGE', line, 0, 0)[1]
    if not head then return end
    redis.call('ZREM', line, head)
    redis.call('HSET', held, head, redis.call('HGET', waiting, head) or '')
    redis.call('HDEL', waiting, head)
    tell()
  end
end

-- places is the answer to whoever looks: the totals, and for each of the caller's tokens,
-- which are every step-th argument from the first on, its position in the line, 0 where
-- it has its slot and -1 where it is not known.
local function places(first, step)
  local answer = {'ok', redis.call('HLEN', held), redis.call('ZCARD', line), settling()}
  for i = first, #ARGV, step do
    local rank = redis.call('ZRANK', line, ARGV[i])
    if rank then
      answer[#answer + 1] = rank + 1
    else
      answer[#answer + 1] = redis.call('HEXISTS', held, ARGV[i]) - 1
    end
  end
  return answer
end

-- Instances that have died.
for _, instance in ipairs(redis.call('ZRANGEBYSCORE', instances, '-inf', text(now))) do
  forget(instance)
  tell()
end
advance()
