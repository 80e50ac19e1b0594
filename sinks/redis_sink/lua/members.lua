-- A set. ARGV: root, family, name.
return redis.call('SMEMBERS', key(ARGV[2], ARGV[3]))
