-- Products that cannot be offered: {product, 1 or 0} each; 1: it can.
for _, word in ipairs(steps[1]) do
  redis.call(word[2] == 1 and 'SREM' or 'SADD', key('unavailable'), word[1])
end
