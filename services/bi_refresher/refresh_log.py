"""The door to the database: demands and refreshes, and the lock that lets one refresher work at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.bi_refresher.refresh import Demand, Load, Run
from shared.database.connection import explain, transaction

LOCK = 0x62695F72
"""The advisory lock of all refreshers of a database; any number that nobody else uses."""


class PostgresRefreshLog:
    """`ops.refresh_requests` and `ops.refresh_runs`. Every method is one transaction and may raise `Outage`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def last_refreshed(self) -> datetime | None:
        """The start of the last refresh that succeeded."""
        with transaction(self._engine) as connection:
            found: datetime | None = connection.execute(
                text("SELECT max(started_at) FROM ops.refresh_runs WHERE outcome = 'refreshed'")
            ).scalar()
            return found

    def note(self, load: Load, *, changed: int, now: datetime) -> None:
        """A load asks for a refresh; the same one asks once, answered or not."""
        with transaction(self._engine) as connection:
            connection.execute(
                text(
                    "INSERT INTO ops.refresh_requests (event_id, correlation_id, replay, changed, requested_at) "
                    "VALUES (:event_id, :correlation_id, :replay, :changed, :now) ON CONFLICT (event_id) DO NOTHING"
                ),
                {
                    "event_id": load.event_id,
                    "correlation_id": load.correlation_id,
                    "replay": load.replay,
                    "changed": changed,
                    "now": now,
                },
            )

    def demand(self) -> Demand:
        """The start of the last refresh, however it ended, and the number of loads that wait."""
        with transaction(self._engine) as connection:
            row = connection.execute(
                text(
                    "SELECT (SELECT max(started_at) FROM ops.refresh_runs),"
                    " (SELECT count(*) FROM ops.refresh_requests WHERE run_id IS NULL)"
                )
            ).one()
            return Demand(last_started=row[0], pending=row[1])

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether no other refresher works; while the context lasts none will.

        The lock belongs to a connection of its own and goes with it, so a crash frees it.
        """
        try:
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            alone = bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}).scalar())
        except DBAPIError as error:
            raise explain(self._engine, error) from error
        try:
            yield alone
        finally:
            # Ended, not returned to the pool: the lock goes with the session, also when unlocking would fail.
            connection.invalidate()
            connection.close()

    def begin(self, *, now: datetime) -> Run:
        """A new run for every load that waits, committed. A run without an end is one whose refresher died: it ends."""
        with transaction(self._engine) as connection:
            connection.execute(
                text(
                    "UPDATE ops.refresh_runs SET ended_at = :now, outcome = 'failed',"
                    " reason = 'o serviço caiu durante a atualização' WHERE outcome IS NULL"
                ),
                {"now": now},
            )
            loads = connection.execute(
                text(
                    "SELECT event_id, correlation_id, replay FROM ops.refresh_requests"
                    " WHERE run_id IS NULL ORDER BY requested_at, event_id"
                )
            ).all()
            run_id = connection.execute(
                text("INSERT INTO ops.refresh_runs (started_at) VALUES (:now) RETURNING run_id"), {"now": now}
            ).scalar_one()
            return Run(run_id=run_id, started_at=now, covers=tuple(Load(*load) for load in loads))

    def starts(self, run: Run, *, now: datetime) -> None:
        """The gap counts from `now`."""
        with transaction(self._engine) as connection:
            connection.execute(
                text("UPDATE ops.refresh_runs SET started_at = :now WHERE run_id = :run_id"),
                {"now": now, "run_id": run.run_id},
            )

    def succeeded(self, run: Run, *, now: datetime) -> None:
        """The run ends well, and the loads it covers wait no more."""
        with transaction(self._engine) as connection:
            connection.execute(
                text(
                    "UPDATE ops.refresh_runs SET ended_at = :now, outcome = 'refreshed', to_say = true"
                    " WHERE run_id = :run_id"
                ),
                {"now": now, "run_id": run.run_id},
            )
            connection.execute(
                text("UPDATE ops.refresh_requests SET run_id = :run_id WHERE event_id = ANY(:event_ids)"),
                {"run_id": run.run_id, "event_ids": list(run.event_ids)},
            )

    def unsaid(self) -> list[tuple[Run, datetime]]:
        """The runs that ended well, and when, of which the broker has not heard yet; oldest first."""
        with transaction(self._engine) as connection:
            rows = connection.execute(
                text(
                    "SELECT run_id, started_at, ended_at, event_id, correlation_id, replay"
                    " FROM ops.refresh_runs JOIN ops.refresh_requests USING (run_id)"
                    " WHERE to_say ORDER BY run_id, requested_at, event_id"
                )
            ).all()
        found = []
        for (run_id, started_at, ended_at), covered in groupby(rows, key=lambda row: tuple(row[:3])):
            found.append((Run(run_id, started_at, tuple(Load(*row[3:]) for row in covered)), ended_at))
        return found

    def said(self, run: Run) -> None:
        """The broker has heard how this run ended."""
        with transaction(self._engine) as connection:
            connection.execute(
                text("UPDATE ops.refresh_runs SET to_say = false WHERE run_id = :run_id"), {"run_id": run.run_id}
            )

    def failed(self, run: Run, *, now: datetime, reason: str, evidence: str | None) -> None:
        """The run ends badly; the loads it covers go on waiting."""
        with transaction(self._engine) as connection:
            connection.execute(
                text(
                    "UPDATE ops.refresh_runs SET ended_at = :now, outcome = 'failed', reason = :reason,"
                    " evidence = :evidence WHERE run_id = :run_id"
                ),
                {"now": now, "reason": reason, "evidence": evidence, "run_id": run.run_id},
            )
