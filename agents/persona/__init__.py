"""Persona: what a member is like, as far as what they did tells it.

`preferences` keeps a few decayed weights, `spending` what was paid and what was wrong in it, `prices` what
others pay for a piece, and `portrait` is the agent that says all of it.
"""
