-- Let readers go over to another filling, in one step. Unless told to do it anyway, only when it has
-- come as far as the one that is read, so that nobody sees an older moment than before.
-- KEYS[1]: the pointer. ARGV: root, old, new, '1' for anyway, then the names of the views.
local root, old, new = ARGV[1], ARGV[2], ARGV[3]
if (redis.call('GET', KEYS[1]) or '') ~= old then
  return 'MOVED'
end
for at = 5, #ARGV do
  local name = FAMILY.cursor .. ARGV[at]
  local before = redis.call('HGETALL', root .. old .. ':' .. name)
  for field = 1, #before, 2 do
    if ARGV[4] ~= '1' and string.match(before[field], ':position$') then
      local position = redis.call('HGET', root .. new .. ':' .. name, before[field])
      if not position or tonumber(position) < tonumber(before[field + 1]) then
        return 'BEHIND'
      end
    end
  end
end
redis.call('SET', KEYS[1], new)
return 'SWITCHED'
