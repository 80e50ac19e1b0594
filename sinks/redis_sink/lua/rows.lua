-- Hashes with absolute values: {key, field, value, field, value ...} each. ARGV[10]: the family.
for _, row in ipairs(steps[1]) do
  redis.call('HSET', key(ARGV[10], row[1]), unpack(row, 2))
end
