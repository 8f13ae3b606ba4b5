-- join takes a slot or a place in the line: token, user, how much a user may have (0: no
-- bound), whether to wait (1 or 0), and the instance that keeps a slot for the same holder,
-- if there is one.
local token, user, most, wait = ARGV[7], ARGV[8], tonumber(ARGV[9]), ARGV[10] == '1'
local keeper = ARGV[11]
if not registered() then return {'unregistered'} end
if redis.call('HEXISTS', held, keeper .. ':0') == 1 then
  forget(keeper)
  redis.call('HSET', held, token, user)
  count(user, 1)
  return {'held'}
end
if most > 0 and user ~= '' and tonumber(redis.call('HGET', users, user) or 0) >= most then
  return {'user_limit'}
end
local before = redis.call('ZCARD', line)
if free() and before == 0 then
  redis.call('HSET', held, token, user)
  count(user, 1)
  return {'held'}
end
if not wait then
  if settling() > 0 then return {'settling', settling()} end
  return {'full'}
end
if before >= queue then return {'line_full'} end
-- Strictly in order, also where the clock is set back.
local arrival = math.max(micros, tonumber(redis.call('HGET', state, 'last') or 0) + 1)
redis.call('HSET', state, 'last', text(arrival))
redis.call('ZADD', line, text(arrival), token)
redis.call('HSET', waiting, token, user)
count(user, 1)
tell()
return {'waiting', before + 1, settling(), text(arrival)}
