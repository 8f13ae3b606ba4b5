-- What every operation on a lease begins with. Times are in milliseconds of Redis' clock.
--
-- holders sorted set: id -> when its lease ends
-- line    sorted set: id -> arrival, in microseconds
-- alive   sorted set: id -> until when it waits without asking again
--
-- An id is instance:number.
local holders, line, alive = unpack(KEYS)
local id, limit, lease, inbox = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

local clock = redis.call('TIME')
local micros = clock[1] * 1000000 + clock[2]
local now = math.floor(micros / 1000)

-- Lua's own conversion of numbers to text keeps 14 digits only.
local function text(n) return string.format('%.0f', n) end

-- advance gives what is free to whoever has waited longest, and tells its instance.
local function advance()
  while redis.call('ZCARD', holders) < limit do
    local head = redis.call('ZRANGE', line, 0, 0)[1]
    if not head then break end
    redis.call('ZREM', line, head)
    redis.call('ZREM', alive, head)
    redis.call('ZADD', holders, text(now + lease), head)
    if head ~= id then
      redis.call('PUBLISH', inbox .. string.match(head, '^[^:]*'), 'L' .. head)
    end
  end
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, 2 * lease) end
end

redis.call('ZREMRANGEBYSCORE', holders, '-inf', text(now))
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', alive, '-inf', text(now))) do
  redis.call('ZREM', line, dead)
  redis.call('ZREM', alive, dead)
end
