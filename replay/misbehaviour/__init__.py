"""What the data lacks about risk, invented from a seed: how members pay and log in, and some who misbehave.

`tokens` gives members devices, cards, addresses and networks, `honest` tells the log-ins, payments, coupons
and friends that real orders imply, `schemes` are the ways to misbehave, `story` is what one incident tells,
`plan` says when and who. What is true of them (`truth`) is kept apart and never told in a topic.
"""
