-- Segments: {segment, member, since} each; without a moment the member is not in it, or no longer.
for _, one in ipairs(steps[1]) do
  local members, segments = key('segment', one[1]), key('segments_of', one[2])
  if one[3] == '' then
    redis.call('SREM', members, one[2])
    redis.call('HDEL', segments, one[1])
  else
    redis.call('SADD', members, one[2])
    redis.call('HSET', segments, one[1], one[3])
  end
end
