-- keep begins the lease of claims anew, also of those that Redis has forgotten, and answers
-- which of them are another instance's by now: the numbers of their keys.
local lost = {}
for i = 1, #KEYS - 2 do
  local holder = redis.call('GET', KEYS[i])
  if holder and holder ~= me then
    lost[#lost + 1] = i
  else
    redis.call('SET', KEYS[i], me, 'PX', lease)
  end
end
return lost
