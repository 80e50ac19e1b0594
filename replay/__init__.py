"""A year of real orders as a stream of actions, with the replayer as its clock.

`retail` reads and cleans the data, `returns` matches what came back, `invented` makes up what the
data lacks, `year` merges all of it in the order of time, `writer` puts it into the log.
"""
