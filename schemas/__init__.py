"""The words: every action and outcome, declared once; their Avro, their topics, the Emitter.

Imports nothing else of this project. Start with `record.py`, `actions.py` and `outcomes.py`.
"""
