"""Campaigns: whom a service is to write to, who is left out by lot, and what came of both.

`definitions` is the table of what operators set up, `lots` draws, and `targeting` is the agent at the member.
"""
