-- A member on a board with those next to it: {rank of the first, element, score, element, score ...},
-- ranks from 0; nothing when not on it. ARGV: root, family, board, member, how many on each side.
local board, member, most = ARGV[3], ARGV[4], tonumber(ARGV[5])
local digits = redis.call('HGET', key('elements', board), member)
if ARGV[2] == 'final' then
  local was = redis.call('HGET', key('corrected', board), member)
  if was then
    digits = string.match(was, '^(%d+):')
  end
end
if not digits then
  return {}
end
local scores = key(ARGV[2], board)
local rank = redis.call('ZREVRANK', scores, digits .. ':' .. member)
if not rank then
  return {}
end
local first = math.max(0, rank - most)
local found = redis.call('ZRANGE', scores, first, rank + most, 'REV', 'WITHSCORES')
table.insert(found, 1, first)
return found
