-- A view's cursors, marked with the topic that they are of when the view is new.
-- KEYS[1]: the cursor. ARGV: the pointer or '', the filling, topic id, partitions.
if ARGV[1] ~= '' and redis.call('GET', ARGV[1]) ~= ARGV[2] then
  return 'MOVED'
end
redis.call('HSETNX', KEYS[1], 'topic_id', ARGV[3])
redis.call('HSETNX', KEYS[1], 'partitions', ARGV[4])
return redis.call('HGETALL', KEYS[1])
