-- The start of every query: the filling that is read, looked up in the same call.
local root = ARGV[1]
local base = root .. (redis.call('GET', root .. 'current') or 'v1') .. ':'

local function key(family, name)
  return base .. FAMILY[family] .. (name or '')
end
