"""What a load leaves in `ops` beside its rows: rejects, removals that wait, the plan, drift, and the load itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from services.transformer.removals import Decision
from services.transformer.retention import old
from shared.contracts.envelope import Envelope
from shared.contracts.events import RawDataReady
from shared.landing import Manifest

REJECTED = """
INSERT INTO ops.rejected_rows (batch_ref, row_number, row_id, field, reason, raw)
SELECT :batch_ref, row_number, row_id, field, reason, raw FROM aside ON CONFLICT DO NOTHING
"""
PENDING = """
INSERT INTO ops.pending_removals AS known (system, row_id, scope, asked_at, batch_ref)
VALUES (:system, :row_id, :scope, :asked_at, :batch_ref)
ON CONFLICT (system, row_id) DO UPDATE
SET scope = excluded.scope, asked_at = excluded.asked_at, batch_ref = excluded.batch_ref, carried_out_at = NULL,
    decision = CASE WHEN known.carried_out_at IS NULL THEN known.decision END,
    decided_by = CASE WHEN known.carried_out_at IS NULL THEN known.decided_by END,
    decided_at = CASE WHEN known.carried_out_at IS NULL THEN known.decided_at END,
    is_over = known.is_over AND known.carried_out_at IS NULL
WHERE known.asked_at < excluded.asked_at
"""
STILL_WAITING = """
SELECT scope, count(*) AS waiting FROM ops.pending_removals
WHERE system = :system AND row_id = ANY(:row_ids) AND decision IS NULL GROUP BY scope
"""
PLAN_DROP = """
DELETE FROM ops.scopes WHERE system = :system AND planned_at <= :planned_at AND NOT scope = ANY(:scopes)
"""
# How often a scope is read, and whether at all, comes from the newest plan; when it was last read whole, from its own
# loads alone: also where it comes back into the plan (a block that was tried in halves stands there by its parts). What
# a person approved was asked for row by row, and is no read of the scope.
PLAN = """
INSERT INTO ops.scopes AS known (system, scope, every, planned_at, last_read_at)
SELECT :system, :scope, :every, :planned_at,
       (SELECT max(read_to) FROM ops.loads
        WHERE loads.system = :system AND loads.scope = :scope AND loads.kind <> 'removal')
WHERE NOT EXISTS (SELECT 1 FROM ops.scopes newer WHERE newer.system = :system AND newer.planned_at > :planned_at)
ON CONFLICT (system, scope) DO UPDATE SET every = excluded.every, planned_at = excluded.planned_at
"""
SCOPE_READ = """
UPDATE ops.scopes SET last_read_at = greatest(last_read_at, CAST(:read_at AS timestamptz))
WHERE system = :system AND scope = :scope
"""
DRIFT_MET = "SELECT max(measured_at) FROM ops.quality WHERE system = :system AND measure = :measure"
DRIFT = "INSERT INTO ops.quality VALUES (:now, :system, :scope, :measure, 1) ON CONFLICT DO NOTHING"
COUNT = "INSERT INTO ops.quality VALUES (:now, :system, :scope, :measure, :value) ON CONFLICT DO NOTHING"
LOAD = """
INSERT INTO ops.loads (event_id, correlation_id, replay, system, scope, kind, batch_ref, records,
                       inserted, updated, unchanged, removed, rejected, read_to, started_at, committed_at)
VALUES (:event_id, :correlation_id, :replay, :system, :scope, :kind, :batch_ref, :records,
        :inserted, :updated, :unchanged, :removed, :rejected, :read_to, :started_at, clock_timestamp())
"""
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a load did, as it is stored with the rows: a redelivery gets the same."""

    inserted: int
    updated: int
    unchanged: int
    removed: int
    rejected: int
    drift: tuple[str, ...]
    mass: dict[str, int]


def record_rejected(connection: Connection, batch_ref: str) -> None:
    """The rows that cannot be read, each once, from `aside`."""
    connection.execute(text(REJECTED), {"batch_ref": batch_ref})


def record_pending(connection: Connection, batch: RawDataReady, removals: Decision) -> dict[str, int]:
    """Removals that wait for a person, each since its source was asked last, in whatever order that is heard.

    A decision stays until it is carried out; what is missed anew after that waits anew. Returns how many of them a
    person has yet to decide, by scope: what was kept by a decision is no news.
    """
    if not removals.later:
        return {}
    batch_of = {"system": batch.system, "batch_ref": batch.batch_ref}
    connection.execute(
        text(PENDING),
        [batch_of | {"row_id": r.row_id, "scope": r.scope, "asked_at": r.asked_at} for r in removals.later],
    )
    row_ids = [r.row_id for r in removals.later]
    waiting = connection.execute(text(STILL_WAITING), {"system": batch.system, "row_ids": row_ids})
    return {str(row.scope): int(row.waiting) for row in waiting}


def record_plan(connection: Connection, manifest: Manifest, batch: RawDataReady) -> None:
    """The newest plan, and when this scope was last read: rows that were asked for one by one are no read of it."""
    plan = manifest.content.get("plan") or []
    planned = {"system": batch.system, "planned_at": batch.read_to}
    if plan:
        connection.execute(text(PLAN_DROP), planned | {"scopes": [p["scope"] for p in plan]})
        connection.execute(
            text(PLAN),
            [planned | {"scope": p["scope"], "every": timedelta(seconds=p["every_seconds"])} for p in plan],
        )
    last_read_at = next((p.get("last_read_at") for p in plan if p["scope"] == batch.scope), None)
    read = {"system": batch.system, "scope": batch.scope, "read_at": last_read_at or batch.read_to}
    connection.execute(text(SCOPE_READ), read)


def record_drift(connection: Connection, batch: RawDataReady, drift: set[str], now: datetime) -> tuple[str, ...]:
    """Of the words that nobody here knows, those that no load met for as long as measures are kept.

    So what stays is told once, and what went and came back after a long time is told again. That a word is met is noted
    once a day.
    """
    fresh = []
    for word in sorted(drift):
        measure = {"system": batch.system, "measure": f"unknown {word}"}
        met: datetime | None = connection.execute(text(DRIFT_MET), measure).scalar()
        if met is None or met < now - A_DAY:
            connection.execute(text(DRIFT), measure | {"now": now, "scope": batch.scope})
        if met is None or met < old(now).measure:
            fresh.append(word)
    return tuple(fresh)


def record_counts(connection: Connection, batch: RawDataReady, counts: Mapping[str, int], now: datetime) -> None:
    """What was odd but harmless in the rows that said something new."""
    found = [{"measure": measure, "value": value} for measure, value in counts.items() if value]
    if found:
        told = {"now": now, "system": batch.system, "scope": batch.scope}
        connection.execute(text(COUNT), [told | one for one in found])


def record_load(connection: Connection, event: Envelope[RawDataReady], outcome: Outcome, started_at: datetime) -> None:
    """The load itself."""
    batch = event.data
    connection.execute(
        text(LOAD),
        {
            "event_id": event.id,
            "correlation_id": event.correlationid,
            "replay": event.replay,
            "system": batch.system,
            "scope": batch.scope,
            "kind": batch.kind,
            "batch_ref": batch.batch_ref,
            "records": batch.records,
            "read_to": batch.read_to,
            "started_at": started_at,
            "inserted": outcome.inserted,
            "updated": outcome.updated,
            "unchanged": outcome.unchanged,
            "removed": outcome.removed,
            "rejected": outcome.rejected,
        },
    )
