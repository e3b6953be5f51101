"""What the loads left in `ops` and nobody needs any more goes, in small steps."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog
from sqlalchemy import Engine, text

from services.transformer.retention import old
from shared.database.connection import transaction

log = structlog.get_logger()

STEP = 20_000
"""Rows of a table at a time: a fraction of a second, and in an hour more than comes."""
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
DELETE = "DELETE FROM ops.{table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ops.{table} WHERE {old} LIMIT :most))"


@dataclass(frozen=True, slots=True)
class Forget:
    """The beat: at most `most` rows of each table, by one transformer at a time.

    Raises `Outage` where Postgres is away.
    """

    engine: Engine
    now: Callable[[], datetime]
    most: int = STEP

    def beat(self) -> None:
        gone = {table: self._forget(table, condition) for table, condition in OLD.items()}
        if any(gone.values()):
            log.info("old rows of the ledger are gone", **gone)

    def _forget(self, table: str, condition: str) -> int:
        with transaction(self.engine) as connection:
            if not connection.execute(text("SELECT pg_try_advisory_xact_lock(hashtext('forget'))")).scalar():
                return 0
            statement = text(DELETE.format(table=table, old=condition))
            named = {name: moment for name, moment in asdict(old(self.now())).items() if f":{name}" in condition}
            return int(connection.execute(statement, named | {"most": self.most}).rowcount)
