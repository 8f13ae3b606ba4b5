-- look renews the instance's lease and says where its tokens are: those that it believes to
-- be in the line.
if not registered() then return {'unregistered'} end
renew()
return places(7, 1)
