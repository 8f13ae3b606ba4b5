-- claim makes a session the caller's, unless another instance has it. It answers who has it
-- then, what the instance that had it before has left for it, and, where nobody can tell
-- yet who has it, for how many milliseconds. fresh is 1 for a session that is new, which
-- nobody can have.
local fresh = ARGV[3] == '1'
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= me then return {holder, '', 0} end
if not holder and not fresh then
  local wait = redis.call('PTTL', settling)
  if wait > 0 then return {'', '', wait} end
end
redis.call('SET', KEYS[1], me, 'PX', lease)
return {me, redis.call('GET', KEYS[2]) or '', 0}
