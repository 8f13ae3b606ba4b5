-- unkeep gives up slots that are kept: the instances that keep them. Whoever holds the slot
-- by now has it by another name.
for i = 7, #ARGV do
  drop(ARGV[i] .. ':0')
  redis.call('ZREM', instances, ARGV[i])
end
advance()
return {'ok'}
