-- Open alerts: {member, alert, its text} each; without a text it is not open, or no longer.
for _, alert in ipairs(steps[1]) do
  local open = key('alerts', alert[1])
  if alert[3] == '' then
    redis.call('HDEL', open, alert[2])
  else
    redis.call('HSET', open, alert[2], alert[3])
  end
end
