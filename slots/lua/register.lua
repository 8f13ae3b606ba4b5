-- register says all that an instance has, in place of whatever is known of it: the number of
-- its slots, a token and a user for each of them, and a token, a user and an arrival for
-- each place in the line.
local former = tonumber(redis.call('HGET', generations, me) or 0)
if former >= tonumber(generation) then return {'unregistered'} end
forget(me)
renew()
redis.call('HSET', generations, me, generation)
local first = 8 + 2 * tonumber(ARGV[7])
for i = 8, first - 1, 2 do
  redis.call('HSET', held, ARGV[i], ARGV[i + 1])
  count(ARGV[i + 1], 1)
end
local last = tonumber(redis.call('HGET', state, 'last') or 0)
for i = first, #ARGV, 3 do
  redis.call('HSET', waiting, ARGV[i], ARGV[i + 1])
  redis.call('ZADD', line, ARGV[i + 2], ARGV[i])
  count(ARGV[i + 1], 1)
  last = math.max(last, tonumber(ARGV[i + 2]))
end
redis.call('HSET', state, 'last', text(last))
local expected = tonumber(redis.call('HGET', state, 'expected'))
if expected and settling() > 0 and redis.call('HLEN', generations) >= expected then
  settled = 0
  redis.call('HSET', state, 'settled', 0)
end
advance()
tell()
return places(first, 3)
