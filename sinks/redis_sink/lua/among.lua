-- A member and the member's friends on a board: {rank from 0, element, score} each, of those on it.
-- ARGV: root, family, board, member.
local board, member = ARGV[3], ARGV[4]
local names = redis.call('SMEMBERS', key('friends', member))
table.insert(names, member)
local found = {}
for _, name in ipairs(names) do
  local digits = redis.call('HGET', key('elements', board), name)
  if ARGV[2] == 'final' then
    local was = redis.call('HGET', key('corrected', board), name)
    if was then
      digits = string.match(was, '^(%d+):')
    end
  end
  local element = digits and (digits .. ':' .. name)
  local rank = element and redis.call('ZREVRANK', key(ARGV[2], board), element)
  if rank then
    table.insert(found, rank)
    table.insert(found, element)
    table.insert(found, redis.call('ZSCORE', key(ARGV[2], board), element))
  end
end
return found
