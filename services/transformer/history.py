"""What a task was like and from when to when it was read so: one row per change, in the order of reading."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from services.transformer.merge import Table
from shared.database.connection import take_turn

# What a late batch adds to a row (a part of it that nobody knew) enters at the time when the row was read last, in any
# of its parts; what a person forces has its own time alone.
CHANGED = """
CREATE TEMP TABLE changed ON COMMIT DROP AS
SELECT CAST(:source AS text) AS source, w.row_id AS task_id,
       CASE WHEN :forced THEN i.read_at ELSE greatest(i.read_at, t.read_at) END AS read_at,
       w.status, w.owner, w.due_date, w.completed_at, w.department,
       coalesce(c.client_manager, d.client_manager) AS client_manager
FROM (SELECT DISTINCT ON (row_id) * FROM written ORDER BY row_id, ctid DESC) w
JOIN (SELECT row_id, max(read_at) AS read_at FROM incoming GROUP BY row_id) i USING (row_id)
JOIN operacional.{table} t ON t.{key} = w.row_id AND t.removed_at IS NULL
LEFT JOIN operacional.client_by_code c ON c.client_key = w.client_key
LEFT JOIN operacional.client_by_document d ON w.client_key IS NULL AND d.client_document = w.client_document
WHERE w.is_task
"""
# Two lines for one task would write either of them.
ONE_LINE_EACH = "CREATE UNIQUE INDEX ON changed (source, task_id)"
# Also for what a load of the register did not touch: a client's new manager concerns every open task of the client.
MANAGERS = """
INSERT INTO changed
SELECT h.source, h.task_id, :read_at, h.status, h.owner, h.due_date, h.completed_at, h.department,
       coalesce(c.client_manager, d.client_manager)
FROM operacional.open_tasks t
JOIN operacional.task_history h ON h.source = t.source AND h.task_id = t.task_id AND h.valid_to IS NULL
LEFT JOIN operacional.client_by_code c ON c.client_key = t.client_key
LEFT JOIN operacional.client_by_document d ON t.client_key IS NULL AND d.client_document = t.client_document
WHERE h.client_manager IS DISTINCT FROM coalesce(c.client_manager, d.client_manager)
  AND NOT EXISTS (SELECT 1 FROM changed known WHERE known.source = t.source AND known.task_id = t.task_id)
"""
_HERE, _THERE = (
    ", ".join(
        f"{row}.{name}" for name in ("status", "owner", "due_date", "completed_at", "department", "client_manager")
    )
    for row in "hc"
)
# The line that holds now says what the row says now. One that began when the row was read last, or since then (with a
# page of the register), has no time in which it said something else.
CORRECT = f"""
UPDATE operacional.task_history h
SET (status, owner, due_date, completed_at, department, client_manager) = ({_THERE})
FROM changed c
WHERE h.source = c.source AND h.task_id = c.task_id AND h.valid_to IS NULL
  AND (h.valid_from = c.read_at OR h.valid_from > c.read_at AND NOT :forced)
  AND ({_HERE}) IS DISTINCT FROM ({_THERE})
"""  # noqa: S608  every name is a constant of this file
CLOSE = f"""
UPDATE operacional.task_history h SET valid_to = c.read_at
FROM changed c
WHERE h.source = c.source AND h.task_id = c.task_id AND h.valid_to IS NULL AND h.valid_from < c.read_at
  AND ({_HERE}) IS DISTINCT FROM ({_THERE})
"""  # noqa: S608
# In the order of its indexes: each page of them is written once.
OPEN = """
INSERT INTO operacional.task_history
       (source, task_id, valid_from, status, owner, due_date, completed_at, department, client_manager)
SELECT c.source, c.task_id, c.read_at, c.status, c.owner, c.due_date, c.completed_at, c.department, c.client_manager
FROM changed c
WHERE NOT EXISTS (
    SELECT 1 FROM operacional.task_history h
    WHERE h.source = c.source AND h.task_id = c.task_id AND (h.valid_to IS NULL OR h.valid_to > c.read_at))
ORDER BY c.source, c.task_id
"""
# A source of Notion that was given another role holds no tasks any more.
NO_TASKS = """
UPDATE operacional.task_history h SET valid_to = i.read_at
FROM written w JOIN incoming i USING (row_id)
WHERE NOT w.is_task AND h.source = :source AND h.task_id = w.row_id AND h.valid_to IS NULL AND h.valid_from < i.read_at
"""
REGENERATED = """
INSERT INTO ops.regenerated (system, row_id, continues, batch_ref)
SELECT :source, new, old, :batch_ref
FROM unnest(CAST(:new AS text[]), CAST(:old AS text[])) AS told (new, old)
ON CONFLICT DO NOTHING
"""
# The new task may be read before or after it is known whose place it takes.
CONTINUES = """
UPDATE operacional.task_history h SET continues = r.continues
FROM ops.regenerated r
WHERE r.system = :source AND h.source = r.system AND h.task_id = r.row_id AND h.continues IS NULL
  AND (r.row_id = ANY(:new) OR r.row_id IN (SELECT task_id FROM changed))
  AND NOT EXISTS (
    SELECT 1 FROM operacional.task_history earlier
    WHERE earlier.source = h.source AND earlier.task_id = h.task_id AND earlier.valid_from < h.valid_from)
"""


def write_history(
    connection: Connection,
    table: Table,
    *,
    batch_ref: str,
    read_to: datetime,
    regenerated: Sequence[Mapping[str, str]],
    managers: bool,
    forced: bool,
) -> None:
    """Enter what `written` and, with `managers`, the register changed, in the order of reading.

    A batch that arrives late makes no line of its time. What it adds to the current rows the current lines say.
    """
    new, old = [told["new"] for told in regenerated], [told["old"] for told in regenerated]
    source = {"source": table.system}
    # Loads of two systems meet here: a page changes the manager of Gestta's tasks.
    take_turn(connection, "history")
    connection.execute(text(CHANGED.format(table=table.name, key=table.key)), source | {"forced": forced})
    if managers:
        connection.execute(text(ONE_LINE_EACH))
        connection.execute(text(MANAGERS), {"read_at": read_to})
    connection.execute(text(CORRECT), {"forced": forced})
    connection.execute(text(CLOSE))
    connection.execute(text(OPEN))
    if table.tasks != "true":
        connection.execute(text(NO_TASKS), source)
    if regenerated:
        connection.execute(text(REGENERATED), source | {"new": new, "old": old, "batch_ref": batch_ref})
    connection.execute(text(CONTINUES), source | {"new": new})
