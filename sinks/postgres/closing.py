"""How a board closes: partition by partition, and ranked when the last one has said so.

A partition's scores are copied at its own word, before anything later of that partition is written;
so what is frozen does not depend on how the partitions lie to each other, nor on the batches.
"""

from __future__ import annotations

from collections.abc import Iterator

from sinks.postgres.statements import ORIGIN, Values
from sinks.postgres.tables import origin

# Among equals who got there first; at the same moment as Redis has it, by its elements' names.
PLACE = 'points DESC, reached_at, member_id COLLATE "C" DESC'
_ORIGIN = ", ".join(ORIGIN)
_GIVEN = ", ".join(
    f"to_timestamp(%({column.name})s / 1000::float8)"
    if column.name.endswith("_at")
    else f"%({column.name})s"
    for column in origin()
)
_ENDS = "to_timestamp(%(ends_at)s / 1000::float8)"

NOTE = f"""
INSERT INTO board_closings (board, "window", ends_at, partitions, {_ORIGIN})
VALUES (%(board)s, %(window)s, {_ENDS}, %(partitions)s, {_GIVEN}) ON CONFLICT DO NOTHING"""
COPY = f"""
INSERT INTO closed_ranks (board, member_id, points, reached_at, rank, {_ORIGIN})
SELECT board, member_id, points, reached_at, NULL, {_ORIGIN} FROM board_scores
WHERE board = %(board)s AND log_partition = %(log_partition)s AND points > 0
ON CONFLICT DO NOTHING"""
CLOSE = f"""
INSERT INTO closed_boards (board, "window", ends_at, members, {_ORIGIN})
SELECT %(board)s, %(window)s, {_ENDS},
  (SELECT count(*) FROM closed_ranks WHERE board = %(board)s), {_GIVEN}
WHERE (SELECT count(*) FROM board_closings WHERE board = %(board)s) = %(partitions)s
ON CONFLICT DO NOTHING"""
RANK = f"""
UPDATE closed_ranks AS t SET rank = ranked.rank
FROM (
  SELECT member_id, row_number() OVER (ORDER BY {PLACE}) AS rank
  FROM closed_ranks WHERE board = %(board)s
) AS ranked
WHERE t.board = %(board)s AND t.member_id = ranked.member_id
  AND EXISTS (SELECT FROM closed_boards WHERE board = %(board)s)"""


def closing(values: Values, origin: Values) -> Iterator[tuple[str, dict[str, object]]]:
    """The statements for one partition's word, in their order."""
    names = ("board", "window", "ends_at", "partitions", *ORIGIN)
    given = dict(zip(names, values + origin, strict=True))
    for statement in (NOTE, COPY, CLOSE, RANK):
        yield statement, given
