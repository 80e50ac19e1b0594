-- A hash and which products in it cannot be offered. ARGV: root, family, name, fields with products as JSON.
local name, gone = key(ARGV[2], ARGV[3]), {}
for index = 4, #ARGV do
  local text = redis.call('HGET', name, ARGV[index])
  for _, one in ipairs(text and cjson.decode(text) or {}) do
    local product = type(one) == 'table' and one.product_id or one
    if redis.call('SISMEMBER', key('unavailable'), product) == 1 then
      gone[#gone + 1] = product
    end
  end
end
return {redis.call('HGETALL', name), gone}
