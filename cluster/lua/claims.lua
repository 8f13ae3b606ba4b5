-- What every operation on claims begins with. The last two keys say which run of Redis the
-- claims are of, and exist while that is young: whoever has a session says so within a
-- lease, and until then nobody knows who has one that is not claimed.
local me, lease = ARGV[1], tonumber(ARGV[2])
local run, settling = KEYS[#KEYS - 1], KEYS[#KEYS]
local current = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or '?'
if redis.call('GET', run) ~= current then
  redis.call('SET', run, current)
  redis.call('SET', settling, '1', 'PX', lease)
end
