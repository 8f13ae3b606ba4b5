-- keep gives a slot up for whoever joins for the same holder: its token, the instance that
-- keeps it meanwhile, and for how many milliseconds.
local token, keeper = ARGV[7], ARGV[8]
local user = redis.call('HGET', held, token)
if not user then return {'ok'} end
drop(token)
forget(keeper)
redis.call('HSET', held, keeper .. ':0', user)
count(user, 1)
redis.call('ZADD', instances, text(now + tonumber(ARGV[9])), keeper)
return {'ok'}
