"""Who lives: a row does while some part of it was seen after its source was last found without it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from services.transformer.merge import Table
from services.transformer.removals import Removal
from shared.database.connection import take_turn

GONE = """
INSERT INTO ops.sightings AS seen (system, row_id, part, scope, read_at)
SELECT DISTINCT ON (row_id) :system, row_id, 'gone', scope, asked_at
FROM unnest(:ids, :scopes, CAST(:asked AS timestamptz[])) AS removal (row_id, scope, asked_at)
ORDER BY row_id, asked_at DESC
ON CONFLICT (system, row_id, part) DO UPDATE
SET scope = excluded.scope, read_at = excluded.read_at WHERE seen.read_at < excluded.read_at
"""
# Content and life are settled apart, so that the order in which batches and removals arrive makes no difference to
# either.
LIFE = """
WITH life AS (
    SELECT row_id,
           max(read_at) FILTER (WHERE part = 'gone') AS gone,
           max(read_at) FILTER (WHERE part <> 'gone') AS seen
    FROM ops.sightings
    WHERE system = :system AND row_id IN (
        SELECT row_id FROM ops.sightings WHERE system = :system AND part = 'gone' AND ({candidates}))
    GROUP BY row_id
)
UPDATE operacional.{table} stored
SET removed_at = CASE WHEN life.seen > life.gone THEN NULL ELSE life.gone END, loaded_at = now()
FROM life
WHERE stored.{key} = life.row_id
  AND stored.removed_at IS DISTINCT FROM CASE WHEN life.seen > life.gone THEN NULL ELSE life.gone END
RETURNING stored.{key}, stored.removed_at
"""
REMOVED = "row_id = ANY(:removed)"
INCOMING = "row_id = ANY(:removed) OR row_id IN (SELECT row_id FROM incoming)"
# A removal may be heard after the register told of a new manager: lines that began when the task was gone are none.
UNTRUE = """
DELETE FROM operacional.task_history h USING operacional.{table} stored
WHERE h.source = :system AND h.task_id = ANY(:gone) AND stored.{key} = h.task_id AND h.valid_from >= stored.removed_at
"""
ENDED = """
UPDATE operacional.task_history h SET valid_to = stored.removed_at
FROM operacional.{table} stored
WHERE h.source = :system AND h.task_id = ANY(:gone) AND stored.{key} = h.task_id
  AND (h.valid_to IS NULL OR h.valid_to > stored.removed_at)
"""


@dataclass(frozen=True, slots=True)
class Settled:
    """Ids of the rows that went, and of those that came back."""

    gone: list[str]
    back: list[str]


def settle(connection: Connection, table: Table, removals: Sequence[Removal], *, incoming: bool = False) -> Settled:
    """Record the removals, and settle them and (where there are some) the load's incoming rows; ends histories."""
    ids = [removal.row_id for removal in removals]
    if removals:
        connection.execute(
            text(GONE),
            {
                "system": table.system,
                "ids": ids,
                "scopes": [removal.scope for removal in removals],
                "asked": [removal.asked_at for removal in removals],
            },
        )
    life = LIFE.format(candidates=INCOMING if incoming else REMOVED, table=table.name, key=table.key)
    changed = connection.execute(text(life), {"system": table.system, "removed": ids}).all()
    settled = Settled([row[0] for row in changed if row[1] is not None], [row[0] for row in changed if row[1] is None])
    if settled.gone:
        # Before any line is touched: a load of the register may be writing the same ones.
        take_turn(connection, "history")
        for statement in (UNTRUE, ENDED):
            ended = statement.format(table=table.name, key=table.key)
            connection.execute(text(ended), {"system": table.system, "gone": settled.gone})
    return settled
