-- renew begins a lease anew, also one that has ended: it is in use.
redis.call('ZADD', holders, text(now + lease), id)
advance()
return 1
