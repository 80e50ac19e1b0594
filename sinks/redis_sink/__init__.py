"""Redis or Valkey: boards, balances, hot lists and stock, as they are now.

`views.py` says what an outcome means for a view, `keys.py` which keys there are, `lua/` how they are
written; `sink.py` follows the log, `rebuild.py` makes all of it anew, `queries.py` reads.
"""
