"""Replays of data through the very agents that run in production, for the figures they give."""
