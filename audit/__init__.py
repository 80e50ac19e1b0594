"""The independent auditor: does what the views show follow from the log?

Its own code. It reads the log with a Kafka client and the exported `.avsc` files, and shares nothing
with agents, engine or sinks: what those get wrong, it does not repeat. Entry: `run` in `auditor.py`.
"""
