"""What a fraud team's own consumer of alerts is tried with: golden records, an example, a contract test.

`golden.json` and `contract.py` need Kafka, Python and its client only; `consumer.py` is the example, to be
copied. docs/alerts.md says what the contract is.
"""
