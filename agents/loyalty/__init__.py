"""Loyalty: who will buy again, learned while it happens, and what a member's purchases look like.

`purchases` keeps what is known of a member, `features` makes numbers of it, `model` turns them into a
probability and learns, `snapshots` waits until it is known what came of them. `scoring` is the agent
where the member is, `training` the one that learns, and `models` brings the weights back.
"""
