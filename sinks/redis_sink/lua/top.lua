-- The first of a sorted set, highest first, with scores. ARGV: root, family, name, how many.
return redis.call('ZRANGE', key(ARGV[2], ARGV[3]), 0, tonumber(ARGV[4]) - 1, 'REV', 'WITHSCORES')
