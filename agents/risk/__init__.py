"""Risk: a score for each payment that learns while it works, and alerts that people can act on.

`windows`, `history` (a member's side) and `reputation` (a token's side) are what features are made of,
`features` says what each is and how it is cut into bins, `model` learns one weight a bin.
"""
