-- close gives all back that an instance has.
forget(me)
advance()
tell()
return {'ok'}
