"""The door to Postgres: one batch, one transaction, one load at a time per system."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from math import inf

from sqlalchemy import Connection, Engine, text

from services.transformer import merge
from services.transformer.history import write_history
from services.transformer.ledger import (
    Outcome,
    record_counts,
    record_drift,
    record_load,
    record_pending,
    record_plan,
    record_rejected,
)
from services.transformer.life import settle
from services.transformer.quality import measure
from services.transformer.removals import Decision
from services.transformer.staging import Rules, Staged, stage
from services.transformer.tidy.gestta import part_of
from shared import inbox
from shared.contracts.envelope import Envelope
from shared.contracts.events import RawDataReady
from shared.database.connection import take_turn, transaction
from shared.errors import Rejected
from shared.landing import Manifest, RawRow

CONSUMER = "transformer"
LARGE = 2_000


class Warehouse:
    """Loads batches. Raises `Outage` where Postgres is away, `Rejected` for a batch that must not load."""

    def __init__(self, engine: Engine, *, reject_limit: float) -> None:
        self._engine = engine
        self._reject_limit = reject_limit

    def load(
        self,
        event: Envelope[RawDataReady],
        manifest: Manifest,
        rows: Iterable[RawRow],
        rules: Rules,
        removals: Decision,
        *,
        started_at: datetime,
    ) -> Outcome:
        """Commit the batch's rows, what was seen, its removals and its outcome; or nothing of it."""
        batch = event.data
        with transaction(self._engine) as connection:
            # First of all: two loads of one system would deadlock or undo each other's versions.
            take_turn(connection, f"load:{batch.system}")
            done = inbox.recall(connection, consumer=CONSUMER, event_id=event.id)
            if done is not None:
                return Outcome(**{**done, "drift": tuple(done["drift"])})
            most = inf if event.acceptrejects else self._reject_limit * max(batch.records, 1)
            staged = _merge(connection, event, manifest, rows, rules, most_rejected=most)
            if staged.rejected > most:
                raise Rejected(
                    f"at least {staged.rejected} of {batch.records} rows of {batch.batch_ref} cannot be read "
                    f"(first: {staged.first_reason}); `console dead redrive --accept-rejects` loads the rest"
                )
            record_rejected(connection, batch.batch_ref)
            counts = _settle(connection, event, manifest, removals)
            mass = record_pending(connection, batch, removals)
            record_counts(connection, batch, staged.counts, started_at)
            record_plan(connection, manifest, batch)
            outcome = Outcome(
                **counts,
                rejected=staged.rejected,
                drift=record_drift(connection, batch, staged.drift, started_at),
                mass=mass,
            )
            changed = bool(outcome.inserted or outcome.updated or outcome.removed)
            measure(connection, system=batch.system, scope=batch.scope, changed=changed)
            record_load(connection, event, outcome, started_at)
            inbox.remember(connection, consumer=CONSUMER, event_id=event.id, outcome=asdict(outcome))
            return outcome


def _merge(
    connection: Connection,
    event: Envelope[RawDataReady],
    manifest: Manifest,
    rows: Iterable[RawRow],
    rules: Rules,
    *,
    most_rejected: float,
) -> Staged:
    """Write what the batch's rows change, chunk by chunk."""
    batch, part = event.data, _part(event.data)
    values = {
        "system": batch.system,
        "part": part,
        "scope": batch.scope,
        "batch_ref": batch.batch_ref,
        "force": event.force,
        "data_source_id": manifest.content.get("data_source_id"),
        "role": _role(manifest),
    }
    upsert = merge.UPSERT_NOTION if batch.system == "notion" else merge.upsert_gestta(part)
    statements = text(";".join((*([merge.STILL_SEEN] if event.force else []), upsert, merge.EMPTY)))

    def chunk() -> None:
        connection.execute(statements, values)

    table = merge.TABLES[batch.system]
    for statement in (merge.BY_KEY, merge.staging(table), merge.ASIDE, merge.INCOMING, merge.WRITTEN):
        connection.execute(text(statement))
    return stage(
        connection,
        rows,
        rules,
        table=table,
        part=part,
        merge=chunk,
        most_rejected=most_rejected,
    )


def _settle(
    connection: Connection, event: Envelope[RawDataReady], manifest: Manifest, removals: Decision
) -> dict[str, int]:
    """What follows from all rows together: who lives, and what enters the history."""
    batch = event.data
    table = merge.TABLES[batch.system]
    connection.execute(text(merge.AS_A_WHOLE.format(nestloop="off" if batch.records > LARGE else "on")))
    connection.execute(text("ANALYZE incoming (row_id)"))
    life = settle(connection, table, removals.now, incoming=True)
    if life.back:
        back = merge.BACK.format(key=table.key, table=table.name, tasks=table.tasks)
        connection.execute(text(back), {"back": life.back})
    connection.execute(text("ANALYZE written (row_id)"))
    write_history(
        connection,
        table,
        batch_ref=batch.batch_ref,
        read_to=batch.read_to,
        regenerated=manifest.content.get("regenerated") or [],
        managers=_role(manifest) == "clients" or (batch.system == "notion" and bool(life.gone or life.back)),
        forced=event.force,
    )
    seen, written, new = connection.execute(text(merge.COUNTS)).one()
    return {"inserted": new, "updated": written - new, "unchanged": seen - written, "removed": len(life.gone)}


def _part(batch: RawDataReady) -> str:
    return part_of(batch.scope) if batch.system == "gestta" else "page"


def _role(manifest: Manifest) -> str | None:
    return (manifest.content.get("mapping") or {}).get("role")
