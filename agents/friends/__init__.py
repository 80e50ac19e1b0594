"""Friends: who is whose friend (`friendships`), and what an invitation earns when it was worth it
(`referrals`).

`circle` is the agent where the member is. Two members are two keys: each keeps its own side, and tells the
other's.
"""
