"""Removals that a person approved (guarantee 4, d): a beat carries them out and says so until it is heard."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import Connection, Engine, Row, text

from services.transformer.life import settle
from services.transformer.merge import TABLES
from services.transformer.quality import measure
from services.transformer.removals import MASS_REMOVAL, Removal
from shared.contracts.envelope import Envelope, batch_event_id, first
from shared.contracts.events import Fact, SourceRecovered, WarehouseLoaded
from shared.database.connection import take_turn, transaction

WAITING = """
SELECT DISTINCT system FROM ops.pending_removals WHERE decision = 'approved' AND carried_out_at IS NULL
"""
TAKE = """
UPDATE ops.pending_removals SET carried_out_at = :now
WHERE system = :system AND decision = 'approved' AND carried_out_at IS NULL
RETURNING row_id, scope, asked_at, batch_ref
"""
RECORD = """
INSERT INTO ops.loads (event_id, correlation_id, system, scope, kind, batch_ref, records, inserted, updated, unchanged,
                       removed, rejected, read_to, started_at, committed_at, to_say)
VALUES (:event_id, :correlation_id, :system, :scope, 'removal', :batch_ref, :records, 0, 0, :unchanged,
        :removed, 0, :read_to, :now, clock_timestamp(), :removed > 0)
"""
TO_SAY = """
SELECT event_id, correlation_id, system, scope, batch_ref, unchanged, removed FROM ops.loads WHERE to_say
ORDER BY load_id
"""
# What is decided and done, and people last heard that it waits.
OVER = """
SELECT system, max(decided_at) AS decided_at, max(batch_ref) AS batch_ref FROM ops.pending_removals WHERE NOT is_over
GROUP BY system HAVING every(decision IS NOT NULL AND (decision = 'rejected' OR carried_out_at IS NOT NULL))
"""
IS_OVER = """
UPDATE ops.pending_removals SET is_over = true
WHERE system = :system AND NOT is_over AND decided_at <= :decided_at
"""
SAID = "UPDATE ops.loads SET to_say = false WHERE event_id = :event_id AND kind = 'removal'"


@dataclass(frozen=True, slots=True)
class ApprovedRemovals:
    """The beat. Raises `Outage` where Postgres is away."""

    engine: Engine
    source: str
    now: Callable[[], datetime]

    def beat(self) -> Iterator[Envelope[Fact]]:
        """Carry out what was approved; yield, per scope that lost rows, the fact that its refresh hangs on.

        Then, per system, that nothing waits for a person any more. A fact is taken as said when the caller asks for the
        next one. Until then every beat yields it again, under the same id: rows whose removal nobody was told of would
        stay in the BI panel.
        """
        with transaction(self.engine) as connection:
            waiting = [str(system) for system in connection.execute(text(WAITING)).scalars()]
        for system in waiting:
            with transaction(self.engine) as connection:
                _carry_out(connection, system, self.now())
        with transaction(self.engine) as connection:
            unsaid = connection.execute(text(TO_SAY)).all()
        for row in unsaid:
            yield self._fact(row)
            with transaction(self.engine) as connection:
                connection.execute(text(SAID), {"event_id": row.event_id})
        with transaction(self.engine) as connection:
            over = connection.execute(text(OVER)).all()
        for row in over:
            yield self._is_over(row)
            with transaction(self.engine) as connection:
                connection.execute(text(IS_OVER), {"system": row.system, "decided_at": row.decided_at})

    def _is_over(self, row: Row[tuple[object, ...]]) -> Envelope[SourceRecovered]:
        event_id = str(uuid5(UUID(batch_event_id(row.batch_ref)), f"over/{row.decided_at.isoformat()}"))
        recovered = SourceRecovered(system=row.system, scope=MASS_REMOVAL)
        return first(recovered, source=self.source, time=self.now(), event_id=event_id)

    def _fact(self, row: Row[tuple[object, ...]]) -> Envelope[WarehouseLoaded]:
        loaded = WarehouseLoaded(
            system=row.system,
            batch_ref=row.batch_ref,
            scope=row.scope,
            inserted=0,
            updated=0,
            unchanged=row.unchanged,
            removed=row.removed,
            rejected=0,
        )
        fact = first(loaded, source=self.source, time=self.now(), event_id=row.event_id)
        return replace(fact, correlationid=row.correlation_id, causationid=row.correlation_id)


def _carry_out(connection: Connection, system: str, now: datetime) -> None:
    take_turn(connection, f"load:{system}")
    taken = connection.execute(text(TAKE), {"system": system, "now": now}).all()
    # A last look: what anybody saw after its source was asked lives.
    gone = set(settle(connection, TABLES[system], [Removal(r.row_id, r.scope, r.asked_at, 0, 0) for r in taken]).gone)
    if gone:
        measure(connection, system=system, scope=min(r.scope for r in taken), changed=True)
    for scope in sorted({r.scope for r in taken}):
        rows = [r for r in taken if r.scope == scope]
        removed = sum(r.row_id in gone for r in rows)
        batch_ref = max(r.batch_ref for r in rows)
        cause = batch_event_id(batch_ref)
        connection.execute(
            text(RECORD),
            {
                "event_id": str(uuid5(UUID(cause), f"{scope}/{now.isoformat()}")),
                "correlation_id": cause,
                "system": system,
                "scope": scope,
                "batch_ref": batch_ref,
                "records": len(rows),
                "unchanged": len(rows) - removed,
                "removed": removed,
                "read_to": max(r.asked_at for r in rows),
                "now": now,
            },
        )
