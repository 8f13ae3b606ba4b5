-- keep begins the lease of claims anew, also of those that Redis has forgotten, and answers
-- which of them are another instance's by now: the numbers of their keys. While Redis is
-- young, what it says of others may be older than what they have, and nobody can have got
-- one of these since.
local lost = {}
local young = redis.call('EXISTS', settling) == 1
for i = 1, #KEYS - 2 do
  local holder = redis.call('GET', KEYS[i])
  if holder and holder ~= me and not young then
    lost[#lost + 1] = i
  else
    redis.call('SET', KEYS[i], me, 'PX', lease)
  end
end
return lost
