"""The embedded platform: real Kafka, Postgres and Valkey from packages, on loopback, in one folder.

For a laptop and for tests; no Docker, no Java and no database need be installed. Entry: `platform.py`.
Imports nothing else of this project.
"""
