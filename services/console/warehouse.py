"""The door to Postgres: what the console reads, and the decisions it records."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text

from shared.database.connection import transaction


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the pipeline at one moment, as rows of plain values."""

    freshness: list[dict[str, Any]]
    loads: list[dict[str, Any]]
    refreshes: list[dict[str, Any]]
    incidents: list[dict[str, Any]]
    problems: list[dict[str, Any]]
    pending_removals: int
    open_tasks: int


def status(engine: Engine) -> Status:
    """Everything the command shows, from one transaction."""
    with transaction(engine) as connection:

        def rows(query: str) -> list[dict[str, Any]]:
            return [dict(row) for row in connection.execute(text(query)).mappings()]

        return Status(
            freshness=rows("SELECT system, scope, last_read_at, every, is_stale FROM bi.freshness ORDER BY 1, 2"),
            loads=rows(
                "SELECT committed_at, system, scope, records, inserted, updated, unchanged, removed, rejected"
                " FROM ops.loads ORDER BY committed_at DESC LIMIT 8"
            ),
            refreshes=rows(
                "SELECT started_at, ended_at, outcome, reason FROM ops.refresh_runs ORDER BY started_at DESC LIMIT 3"
            ),
            incidents=rows("SELECT incident, opened_at, said_at FROM ops.notifications WHERE closed_at IS NULL"),
            problems=rows("SELECT problem, rows FROM ops.problems WHERE rows > 0 ORDER BY problem"),
            pending_removals=int(
                connection.execute(
                    text("SELECT count(*) FROM ops.pending_removals WHERE decision IS NULL")
                ).scalar_one()
            ),
            open_tasks=int(
                connection.execute(text("SELECT count(*) FROM bi.operational_panel WHERE is_open")).scalar_one()
            ),
        )


def pending_removals(engine: Engine) -> list[dict[str, Any]]:
    """Removals that wait for a person, counted by system and scope."""
    with transaction(engine) as connection:
        found = connection.execute(
            text(
                "SELECT system, scope, count(*) AS rows, min(asked_at) AS asked_at FROM ops.pending_removals"
                " WHERE decision IS NULL GROUP BY system, scope ORDER BY system, scope"
            )
        )
        return [dict(row) for row in found.mappings()]


def decide_removals(engine: Engine, system: str, scope: str | None, decision: str, *, by: str, at: datetime) -> int:
    """Record `approved` or `rejected` for what waits; the transformer carries it out. Returns how many rows."""
    with transaction(engine) as connection:
        done = connection.execute(
            text(
                "UPDATE ops.pending_removals SET decision = :decision, decided_by = :by, decided_at = :at"
                " WHERE decision IS NULL AND system = :system AND (:scope IS NULL OR scope = :scope)"
            ),
            {"decision": decision, "by": by, "at": at, "system": system, "scope": scope},
        )
        return int(done.rowcount)
