-- Who is whose friend: {member, friend, 1 or 0} each.
for _, word in ipairs(steps[1]) do
  redis.call(word[3] == 1 and 'SADD' or 'SREM', key('friends', word[1]), word[2])
end
