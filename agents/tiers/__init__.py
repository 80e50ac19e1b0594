"""Tiers: what a member's kept purchases make of them in the programme, and what that is worth.

`rules` keeps the programme by version, `periods` counts its years or months, `qualifying` what each order
adds, `floors` what is kept over a period's end. `standing` is the agent. It hears before the ledger, so
that a purchase earns by the tier before it, and the next one by the tier that it brought.
"""
