"""The door to Postgres: one batch, one transaction, one load at a time per system."""

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, text

from services.transformer import merge
from services.transformer.life import settle
from services.transformer.removals import Decision
from services.transformer.tidy.gestta import part_of
from services.transformer.tidy.rows import RejectedRow, Tidied
from shared import inbox
from shared.contracts.envelope import Envelope
from shared.contracts.events import RawDataReady
from shared.database.connection import transaction
from shared.errors import Rejected
from shared.landing import Manifest

CONSUMER = "transformer"
LARGE = 2_000


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


class Warehouse:
    """Loads batches. Raises `Outage` where Postgres is away, `Rejected` for a batch that must not load."""

    def __init__(self, engine: Engine, *, reject_limit: float) -> None:
        self._engine = engine
        self._reject_limit = reject_limit

    def load(
        self,
        event: Envelope[RawDataReady],
        manifest: Manifest,
        chunks: Iterable[Tidied],
        removals: Decision,
        *,
        started_at: datetime,
    ) -> Outcome:
        """Commit the batch's rows, what was seen, its removals and its outcome; or nothing of it."""
        batch = event.data
        with transaction(self._engine) as connection:
            connection.execute(text(merge.LOCK), {"system": batch.system})
            done = inbox.recall(connection, consumer=CONSUMER, event_id=event.id)
            if done is not None:
                return Outcome(**{**done, "drift": tuple(done["drift"])})
            rejected, drift = _stage(connection, chunks)
            records = max(batch.records, 1)
            if len(rejected) > self._reject_limit * records and not event.acceptrejects:
                raise Rejected(
                    f"{len(rejected)} of {batch.records} rows of {batch.batch_ref} cannot be read "
                    f"(first: {rejected[0].reason}); `console dead redrive --accept-rejects` loads the rest"
                )
            counts = _merge(connection, event, manifest, removals)
            _reject(connection, batch.batch_ref, rejected)
            _remember_pending(connection, batch, removals)
            _plan(connection, manifest, batch)
            outcome = Outcome(
                **counts,
                rejected=len(rejected),
                drift=_new_drift(connection, batch, drift, started_at),
                mass=removals.mass,
            )
            _record(connection, event, outcome, started_at)
            inbox.remember(connection, consumer=CONSUMER, event_id=event.id, outcome=asdict(outcome))
            return outcome


def _stage(connection: Connection, chunks: Iterable[Tidied]) -> tuple[list[RejectedRow], set[str]]:
    connection.execute(text(merge.STAGING))
    rejected: list[RejectedRow] = []
    drift: set[str] = set()
    with closing(connection.connection.cursor()) as cursor:
        for chunk in chunks:
            cursor.copy_expert(merge.COPY, _Lines(chunk))
            rejected += chunk.rejected
            drift |= chunk.drift
    connection.execute(text("ANALYZE staging"))
    return rejected, drift


class _Lines(io.TextIOBase):
    """A chunk as a file of CSV lines that COPY reads piece by piece."""

    def __init__(self, chunk: Tidied) -> None:
        self._rows: Iterator[tuple[Any, ...]] = zip(*(chunk.frame[c] for c in chunk.frame.columns), strict=True)
        self._left = ""

    def read(self, size: int | None = -1) -> str:
        buffer = io.StringIO()
        buffer.write(self._left)
        writer = csv.writer(buffer, lineterminator="\n")
        wanted = 1 << 20 if size is None or size < 0 else size
        while buffer.tell() < wanted:
            row = next(self._rows, None)
            if row is None:
                break
            writer.writerow(row)
        text_ = buffer.getvalue()
        self._left = text_[wanted:]
        return text_[:wanted]


def _merge(
    connection: Connection, event: Envelope[RawDataReady], manifest: Manifest, removals: Decision
) -> dict[str, int]:
    batch = event.data
    gestta = batch.system == "gestta"
    part = part_of(batch.scope) if gestta else "page"
    values = {
        "system": batch.system,
        "source": batch.system,
        "part": part,
        "scope": batch.scope,
        "batch_ref": batch.batch_ref,
        "force": event.force,
        "data_source_id": manifest.content.get("data_source_id"),
        "role": (manifest.content.get("mapping") or {}).get("role"),
    }
    other = "search" if part == "report" else "report"
    table = merge.TABLES[batch.system]
    if batch.records > LARGE:
        # Tables that just grew from nothing have no statistics yet: the planner takes them for empty and compares
        # each row with every other (a minute for 23,000 rows). Hash joins are right for a large batch in any case.
        connection.execute(text("SET LOCAL enable_nestloop = off"))
    connection.execute(text(merge.INCOMING), values)
    connection.execute(text("ANALYZE incoming"))
    merged = merge.MERGED_GESTTA.format(part=part, other=other) if gestta else merge.MERGED_NOTION
    connection.execute(text(merged), values)
    connection.execute(text(merge.upsert_gestta(part) if gestta else merge.UPSERT_NOTION), values)
    connection.execute(text(merge.SIGHTINGS), values)
    life = settle(connection, table, removals.now, incoming=True)
    changed = merge.CHANGED.format(key=table.key, table=table.name, only=table.tasks)
    connection.execute(text(changed), values | {"back": life.back})
    connection.execute(text(merge.HISTORY_CLOSE))
    connection.execute(text(merge.HISTORY_OPEN))
    seen, written, new = connection.execute(
        text(
            "SELECT (SELECT count(*) FROM incoming),"
            " (SELECT count(*) FROM incoming WHERE row_id IN (SELECT row_id FROM merged) OR row_id = ANY(:back)),"
            " (SELECT count(*) FROM merged WHERE is_new)"
        ),
        {"back": life.back},
    ).one()
    return {"inserted": new, "updated": written - new, "unchanged": seen - written, "removed": len(life.gone)}


def _reject(connection: Connection, batch_ref: str, rejected: list[RejectedRow]) -> None:
    if rejected:
        connection.execute(
            text(
                "INSERT INTO ops.rejected_rows (batch_ref, row_number, row_id, field, reason, raw)"
                " VALUES (:batch_ref, :row_number, :row_id, :field, :reason, :raw) ON CONFLICT DO NOTHING"
            ),
            [{"batch_ref": batch_ref, **asdict(row)} for row in rejected],
        )


def _remember_pending(connection: Connection, batch: RawDataReady, removals: Decision) -> None:
    if removals.later:
        connection.execute(
            text(
                "INSERT INTO ops.pending_removals AS known (system, row_id, scope, asked_at, batch_ref)"
                " VALUES (:system, :row_id, :scope, :asked_at, :batch_ref)"
                " ON CONFLICT (system, row_id) DO UPDATE SET scope = excluded.scope, asked_at = excluded.asked_at,"
                " batch_ref = excluded.batch_ref, decision = NULL, decided_by = NULL, decided_at = NULL,"
                " carried_out_at = NULL WHERE known.carried_out_at IS NOT NULL"
            ),
            [
                {
                    "system": batch.system,
                    "row_id": r.row_id,
                    "scope": r.scope,
                    "asked_at": r.asked_at,
                    "batch_ref": batch.batch_ref,
                }
                for r in removals.later
            ],
        )


def _plan(connection: Connection, manifest: Manifest, batch: RawDataReady) -> None:
    plan = manifest.content.get("plan") or []
    if plan:
        connection.execute(
            text(merge.PLAN_DROP),
            {"system": batch.system, "planned_at": batch.read_to, "scopes": [p["scope"] for p in plan]},
        )
        connection.execute(
            text(merge.PLAN),
            [
                {
                    "system": batch.system,
                    "scope": p["scope"],
                    "every": timedelta(seconds=p["every_seconds"]),
                    "planned_at": batch.read_to,
                }
                for p in plan
            ],
        )
    connection.execute(text(merge.SCOPE_READ), {"system": batch.system, "scope": batch.scope, "read_to": batch.read_to})


def _new_drift(connection: Connection, batch: RawDataReady, drift: set[str], now: datetime) -> tuple[str, ...]:
    """Of the words that nobody here knows, those that were not told before."""
    fresh = []
    for word in sorted(drift):
        measure = f"unknown {word}"
        told = connection.execute(
            text("SELECT 1 FROM ops.quality WHERE system = :system AND measure = :measure LIMIT 1"),
            {"system": batch.system, "measure": measure},
        ).scalar()
        if not told:
            connection.execute(
                text("INSERT INTO ops.quality VALUES (:now, :system, :scope, :measure, 1) ON CONFLICT DO NOTHING"),
                {"now": now, "system": batch.system, "scope": batch.scope, "measure": measure},
            )
            fresh.append(word)
    return tuple(fresh)


def _record(connection: Connection, event: Envelope[RawDataReady], outcome: Outcome, started_at: datetime) -> None:
    batch = event.data
    connection.execute(
        text(
            "INSERT INTO ops.loads (event_id, correlation_id, replay, system, scope, kind, batch_ref, records,"
            " inserted, updated, unchanged, removed, rejected, read_to, started_at, committed_at)"
            " VALUES (:event_id, :correlation_id, :replay, :system, :scope, :kind, :batch_ref, :records,"
            " :inserted, :updated, :unchanged, :removed, :rejected, :read_to, :started_at, clock_timestamp())"
        ),
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
