-- The start of every write: the filling must still be the one that is read, and the view's cursor
-- must be where the sink believes it to be; else nothing is written and the sink looks again.
local base, pointer, version = ARGV[1], ARGV[2], ARGV[3]
local cursor, partition = KEYS[1], ARGV[4]
local start, stop, occurred_at, recorded_at = ARGV[5], ARGV[6], ARGV[7], ARGV[8]

local function key(family, name)
  return base .. FAMILY[family] .. (name or '')
end

if pointer ~= '' and redis.call('GET', pointer) ~= version then
  return 'MOVED'
end
local position = redis.call('HGET', cursor, partition .. ':position') or '0'
if position ~= start then
  return position
end
local steps = cmsgpack.unpack(ARGV[9])
