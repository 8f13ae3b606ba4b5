-- take counts one use of a budget, and answers in how many microseconds there is one to be
-- had, 0 where it has counted. A budget is kept as one number: when all of it will be there
-- again, in microseconds of Redis' clock (the generic cell rate algorithm).
local every, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local whole = tonumber(redis.call('GET', KEYS[1])) or now
-- Not in the past, nor, where the clock was set back, further away than an empty one's.
whole = math.min(math.max(whole, now), now + every * burst) + every
local wait = whole - every * burst - now
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', whole), 'PX', math.ceil((whole - now) / 1000))
return 0
