-- Hot lists: {list, item, log2 of the weight} each; only the hottest are kept. Weights never fall, so
-- what is cut off here belongs there whatever came in which order.
local touched = {}
for _, heat in ipairs(steps[1]) do
  local list = key('hot', heat[1])
  redis.call('ZADD', list, heat[3], heat[2])
  touched[list] = true
end
for list in pairs(touched) do
  redis.call('ZREMRANGEBYRANK', list, 0, -HOT_KEPT - 1)
end
