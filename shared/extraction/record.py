"""What an extractor remembers (all of it out of its manifests), and how it lands a scope."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog

from shared import clock
from shared.clock import ReadClock
from shared.contracts.envelope import batch_event_id, first
from shared.contracts.events import RawDataReady
from shared.contracts.vocabulary import BatchKind, System
from shared.extraction import watch
from shared.extraction.watch import Watched
from shared.landing import Landing, Manifest, batch_id, iso, write_csv
from shared.messaging.codec import encode

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LastRead:
    """The last complete read of a scope."""

    batch_ref: str
    read_at: datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A scope of the plan and how often it is read."""

    scope: str
    every: timedelta


@dataclass(slots=True)
class Memory:
    """The newest state that the manifests tell."""

    reads: dict[str, LastRead] = field(default_factory=dict)
    watch: dict[str, Watched] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    """What the extractor itself wants to remember between runs."""
    last_read_at: datetime | None = None


def recall(landing: Landing, system: System) -> Memory:
    """The memory as the newest manifest has it: every manifest carries the whole plan and its last reads."""
    memory = Memory()
    newest = next(landing.manifests(system), None)
    if newest is None:
        return memory
    memory.last_read_at = newest.read_to
    memory.notes = dict(newest.content.get("notes") or {})
    memory.watch = watch.load(newest.content.get("watch") or [])
    for entry in newest.content.get("plan") or []:
        if entry.get("last_ref"):
            memory.reads[entry["scope"]] = LastRead(
                entry["last_ref"], datetime.fromisoformat(entry["last_read_at"]), entry["last_sha256"]
            )
    return memory


@dataclass(slots=True)
class Recorder:
    """Lands scopes of one system and keeps the memory."""

    landing: Landing
    system: System
    source: str
    memory: Memory
    reads: ReadClock

    def land(
        self,
        scope: str,
        kind: BatchKind,
        rows: Iterable[tuple[Mapping[str, Any], datetime]],
        *,
        plan: Collection[Planned],
        proof: dict[str, Any],
        removed: Collection[Watched] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> Manifest:
        """Write the rows as they come; the batch exists when the source has ended well and the manifest is down.

        Whatever `rows` raises leaves nothing behind. `proof` may be filled while `rows` is consumed.
        """
        started = self.reads.read()
        earliest: datetime | None = None
        latest = started
        with self.landing.write(self.system, batch_id(started, scope, uuid4().hex[:6]), day=started.date()) as batch:
            for row, read_at in rows:
                batch.add(row, read_at=read_at)
                earliest = earliest or read_at
                latest = max(latest, read_at)
            sha256 = batch.finish()
            before = self.memory.reads.get(scope)
            reads = self.memory.reads | {scope: LastRead(batch.batch_ref, latest, sha256)}
            fact = RawDataReady(
                system=self.system,
                batch_ref=batch.batch_ref,
                sha256=sha256,
                records=batch.records,
                removed=len(removed),
                scope=scope,
                kind=kind,
                read_from=earliest or started,
                read_to=latest,
            )
            event = first(fact, source=self.source, time=clock.now(), event_id=batch_event_id(batch.batch_ref))
            manifest = batch.commit(
                {
                    "batch_ref": batch.batch_ref,
                    "system": self.system,
                    "scope": scope,
                    "kind": kind,
                    "records": batch.records,
                    "read_from": iso(fact.read_from),
                    "read_to": iso(fact.read_to),
                    "sha256": sha256,
                    "proof": proof,
                    "removed": watch.dump_removed(removed),
                    "plan": [_planned(planned, reads) for planned in plan],
                    "watch": watch.dump(self.memory.watch),
                    "notes": self.memory.notes,
                    "event": encode(event).decode(),
                    **(extra or {}),
                }
            )
        # Only now: a batch without its manifest is none, and nobody may remember it.
        self.memory.reads, self.memory.last_read_at = reads, latest
        if batch.records:
            write_csv(self.landing, manifest)
            if before:
                self.landing.drop_csv(before.batch_ref)
        log.info(
            "landed", scope=scope, kind=kind, records=batch.records, removed=len(removed), batch_ref=batch.batch_ref
        )
        return manifest


def _planned(planned: Planned, reads: Mapping[str, LastRead]) -> dict[str, Any]:
    entry: dict[str, Any] = {"scope": planned.scope, "every_seconds": planned.every.total_seconds()}
    last = reads.get(planned.scope)
    if last:
        entry |= {"last_ref": last.batch_ref, "last_read_at": iso(last.read_at), "last_sha256": last.sha256}
    return entry
