"""Segments: members for whom an expression holds. `definitions` is the table of what operators set, `facts`
what expressions can name, and `membership` the agent that lets members enter and leave.
"""
