-- The end of every write: the cursor and what the view is as of, in the same call.
redis.call('HSET', cursor, partition .. ':position', stop)
if occurred_at ~= '' then
  redis.call('HSET', cursor, partition .. ':occurred_at', occurred_at)
end
if recorded_at ~= '0' then
  redis.call('HSET', cursor, partition .. ':recorded_at', recorded_at)
end
return 'WRITTEN'
