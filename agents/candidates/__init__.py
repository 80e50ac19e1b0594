"""Recommendation candidates: what a member may want next, followed touch by touch.

Members keeps a member's `journey` (the last touches) and `tastes` (what speaks for which product); each
product keeps its `neighbours` and the `paths` that led past it. `trends` says what all touch, `assortment`
what can be offered; `mixture` weighs the sources, `ranking` puts them in one order, `diversity` sees that it
is not all of one kind, and `offers` is the agent where the member is.
"""
