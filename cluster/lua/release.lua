-- release gives up a lease, or the place in the line.
redis.call('ZREM', holders, id)
redis.call('ZREM', line, id)
redis.call('ZREM', alive, id)
advance()
return 1
