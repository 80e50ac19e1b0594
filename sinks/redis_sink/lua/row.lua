-- A hash. ARGV: root, family, name.
return redis.call('HGETALL', key(ARGV[2], ARGV[3]))
