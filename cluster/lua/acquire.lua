-- acquire takes the lease, or a place in the line for it, and says whether it is had.
if not redis.call('ZSCORE', holders, id) then
  if not redis.call('ZSCORE', line, id) then
    local last = redis.call('ZRANGE', line, -1, -1, 'WITHSCORES')[2]
    redis.call('ZADD', line, text(math.max(micros, (tonumber(last) or 0) + 1)), id)
  end
  redis.call('ZADD', alive, text(now + lease), id)
  advance()
end
if not redis.call('ZSCORE', holders, id) then return 0 end
redis.call('ZADD', holders, text(now + lease), id)
return 1
