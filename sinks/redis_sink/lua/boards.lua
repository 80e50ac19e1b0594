-- Boards, in four steps: who is hidden, scores that count to the closing, closings of partitions,
-- corrections.
--
-- Partitions close a board one after another, and a correction of one may come before the closing of
-- another. So who is corrected is remembered as of the closing, and the frozen board is the same
-- whatever came in which order.
local function hash(name)
  local flat, found = redis.call('HGETALL', name), {}
  for at = 1, #flat, 2 do
    found[flat[at]] = flat[at + 1]
  end
  return found
end

local horizon = hash(key('horizon'))
local listed = {}
local hidden = {}

-- Of everybody who is told of here, in one call: the boards of who is hidden are those beside.
local function look()
  local names, seen = {}, {}
  for _, step in ipairs({1, 3}) do
    for _, score in ipairs(steps[step]) do
      if not seen[score[2]] then
        seen[score[2]] = true
        names[#names + 1] = score[2]
      end
    end
  end
  if #names == 0 then
    return
  end
  for n, is in ipairs(redis.call('SMISMEMBER', key('hidden'), unpack(names))) do
    hidden[names[n]] = is == 1
  end
end

local function scores_of(board, member)
  return key(hidden[member] and 'veiled' or 'board', board)
end

local function kind(board)
  return string.match(board, '^[^:]+')
end

-- A board that was dropped does not come back for a late change.
local function dropped(board)
  local newest = horizon[kind(board)]
  return newest and board <= newest
end

local function list(board)
  if not listed[board] then
    redis.call('ZADD', key('boards'), 0, board)
    listed[board] = true
  end
end

-- Swap the member's element for the new one; no points: off the board.
local function place(score)
  local board, member, digits, points = score[1], score[2], score[3], score[4]
  if dropped(board) then
    return
  end
  list(board)
  local scores, elements = scores_of(board, member), key('elements', board)
  local old = redis.call('HGET', elements, member)
  if old and (old ~= digits or points == 0) then
    redis.call('ZREM', scores, old .. ':' .. member)
  end
  if points == 0 then
    redis.call('HDEL', elements, member)
    return
  end
  redis.call('ZADD', scores, points, digits .. ':' .. member)
  if old ~= digits then
    redis.call('HSET', elements, member, digits)
  end
end

local function remember(board, member)
  local old = redis.call('HGET', key('elements', board), member)
  local was = ''
  if old then
    was = old .. ':' .. redis.call('ZSCORE', scores_of(board, member), old .. ':' .. member)
  end
  redis.call('HSETNX', key('corrected', board), member, was)
end

local function correct(score)
  local board, member, version = score[1], score[2], score[5]
  if dropped(board) then
    return
  end
  remember(board, member)
  place(score)
  local highest = redis.call('HGET', key('state', board), 'version')
  if not highest or tonumber(highest) < version then
    redis.call('HSET', key('state', board), 'version', version)
  end
end

-- The board as of its closing: a copy of it as it is now, and who was corrected put back.
local function freeze(board)
  redis.call('COPY', key('board', board), key('final', board), 'REPLACE')
  redis.call('COPY', key('veiled', board), key('final_veiled', board), 'REPLACE')
  for member, was in pairs(hash(key('corrected', board))) do
    local veiled = redis.call('SISMEMBER', key('hidden'), member) == 1
    local final = key(veiled and 'final_veiled' or 'final', board)
    local now = redis.call('HGET', key('elements', board), member)
    if now then
      redis.call('ZREM', final, now .. ':' .. member)
    end
    local digits, points = string.match(was, '^(%d+):(.+)$')
    if digits then
      redis.call('ZADD', final, points, digits .. ':' .. member)
    end
  end
end

-- Time is event time: what was closed long before this board's end goes.
local function drop(of_kind, ends_at)
  local closed = key('closed', of_kind)
  local oldest = ends_at - KEPT_MS[of_kind]
  for _, board in ipairs(redis.call('ZRANGE', closed, '-inf', oldest, 'BYSCORE')) do
    redis.call('UNLINK', key('board', board), key('elements', board), key('final', board),
      key('corrected', board), key('state', board), key('veiled', board), key('final_veiled', board))
    redis.call('ZREM', closed, board)
    redis.call('ZREM', key('boards'), board)
    if not dropped(board) then
      horizon[of_kind] = board
      redis.call('HSET', key('horizon'), of_kind, board)
    end
  end
end

local function close(closing)
  local board, window, ends_at, part, parts, at = unpack(closing)
  if dropped(board) then
    return
  end
  list(board)
  local state = key('state', board)
  if redis.call('HSETNX', state, 'partition:' .. part, 1) == 0 then
    return
  end
  local latest = tonumber(redis.call('HGET', state, 'closed_at') or 0)
  redis.call('HSET', state, 'window', window, 'ends_at', ends_at, 'partitions', parts,
    'closed_at', math.max(latest, at))
  if redis.call('HINCRBY', state, 'closed', 1) < parts then
    return
  end
  freeze(board)
  redis.call('HSET', state, 'frozen', 1)
  redis.call('ZADD', key('closed', kind(board)), ends_at, board)
  if KEPT_MS[kind(board)] then
    drop(kind(board), ends_at)
  end
end

local function move(from, to, element)
  local points = redis.call('ZSCORE', from, element)
  if points then
    redis.call('ZREM', from, element)
    redis.call('ZADD', to, points, element)
  end
end

-- The member goes from all boards to those beside, or back: as they are, and as they were closed.
local function veil(member, hide)
  if redis.call(hide and 'SADD' or 'SREM', key('hidden'), member) == 0 then
    return
  end
  local shown, beside = hide and 1 or 2, hide and 2 or 1
  local open, closed = {'board', 'veiled'}, {'final', 'final_veiled'}
  for _, board in ipairs(redis.call('ZRANGE', key('boards'), 0, -1)) do
    local digits = redis.call('HGET', key('elements', board), member)
    if digits then
      move(key(open[shown], board), key(open[beside], board), digits .. ':' .. member)
    end
    local was = redis.call('HGET', key('corrected', board), member)
    digits = was and string.match(was, '^(%d+):') or (not was and digits)
    if digits then
      move(key(closed[shown], board), key(closed[beside], board), digits .. ':' .. member)
    end
  end
end

for _, one in ipairs(steps[4]) do
  veil(one[1], one[2] == 1)
end
look()
for _, score in ipairs(steps[1]) do
  place(score)
end
for _, closing in ipairs(steps[2]) do
  close(closing)
end
for _, score in ipairs(steps[3]) do
  correct(score)
end
