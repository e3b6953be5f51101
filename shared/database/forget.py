"""What a service left in `ops` and nobody needs any more goes, in small steps (docs/decisions/0014)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine, text

from shared.database.connection import transaction

log = structlog.get_logger()

EVERY = timedelta(hours=1)
STEP = 20_000
"""Rows of a table at a time: a fraction of a second, and in an hour more than comes."""
DELETE = "DELETE FROM ops.{table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ops.{table} WHERE {old} LIMIT :most))"


@dataclass(frozen=True, slots=True)
class Forget:
    """The beat: at most `most` rows of each table, by one process of the service at a time.

    Raises `Outage` where Postgres is away.
    """

    engine: Engine
    service: str
    old: Mapping[str, str]
    """By table, which rows are old: SQL that names `moments`."""
    moments: Callable[[], Mapping[str, datetime]]
    """What is older than these is old now."""
    most: int = STEP

    def beat(self) -> None:
        moments = self.moments()
        gone = {table: self._forget(table, condition, moments) for table, condition in self.old.items()}
        if any(gone.values()):
            log.info("old rows of the ledger are gone", **gone)

    def _forget(self, table: str, condition: str, moments: Mapping[str, datetime]) -> int:
        lock = text("SELECT pg_try_advisory_xact_lock(hashtext('forget ' || :service))")
        with transaction(self.engine) as connection:
            if not connection.execute(lock, {"service": self.service}).scalar():
                return 0
            statement = text(DELETE.format(table=table, old=condition))
            named = {name: moment for name, moment in moments.items() if f":{name}" in condition}
            return int(connection.execute(statement, named | {"most": self.most}).rowcount)
