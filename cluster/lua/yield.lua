-- yield gives a claim up, and leaves something for whoever claims it next, for so many
-- milliseconds; 0 leaves nothing.
local ttl = tonumber(ARGV[4])
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= me then return 0 end
redis.call('DEL', KEYS[1])
if ttl > 0 then
  redis.call('SET', KEYS[2], ARGV[3], 'PX', ttl)
else
  redis.call('DEL', KEYS[2])
end
return 1
