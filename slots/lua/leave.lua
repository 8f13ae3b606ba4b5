-- leave gives slots and places back: tokens. One that is not known has been given back.
for i = 7, #ARGV do
  if drop(ARGV[i]) == 'waiting' then tell() end
end
advance()
return {'ok'}
