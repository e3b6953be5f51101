"""What the loads left in `ops` and nobody needs any more goes."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Engine

from services.transformer.retention import old
from shared.database.forget import STEP, Forget

# Scopes are found by skipping through the index, so that the loads are not read.
_NEWEST = """
WITH RECURSIVE scopes AS (
    (SELECT system, scope FROM ops.loads ORDER BY system, scope LIMIT 1)
    UNION ALL
    SELECT next.system, next.scope
    FROM scopes
    CROSS JOIN LATERAL (
        SELECT system, scope FROM ops.loads WHERE (system, scope) > (scopes.system, scopes.scope)
        ORDER BY system, scope LIMIT 1) next
)
SELECT newest.{column}
FROM scopes
CROSS JOIN LATERAL (
    SELECT {column} FROM ops.loads
    WHERE system = scopes.system AND scope = scopes.scope AND kind <> 'removal' ORDER BY read_to DESC LIMIT 1) newest
"""
# A scope's newest load says when it was read, also when it comes back into the plan; its rejected rows are today's.
# What a person decided counts until it was carried out, and what a person keeps is kept.
OLD = {
    "loads": f"committed_at < :load AND NOT to_say AND load_id NOT IN ({_NEWEST.format(column='load_id')})",
    "quality": "measured_at < :measure",
    "processed_events": "consumer = 'transformer' AND handled_at < :event",
    "pending_removals": "carried_out_at < :decision AND is_over",
    "rejected_rows": f"rejected_at < :rejected_row AND batch_ref NOT IN ({_NEWEST.format(column='batch_ref')})",
}  # fmt: skip


def forgetting(engine: Engine, now: Callable[[], datetime], *, most: int = STEP) -> Forget:
    """The transformer's beat."""
    return Forget(engine, "transformer", OLD, lambda: asdict(old(now())), most)
