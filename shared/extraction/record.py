"""What an extractor remembers (all of it out of its manifests), and how it lands a scope."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import structlog

from shared import clock
from shared.clock import ReadClock
from shared.contracts.envelope import Envelope, batch_event_id, consequence, first
from shared.contracts.events import Fact, RawDataReady
from shared.contracts.vocabulary import BatchKind, System
from shared.errors import Rejected
from shared.extraction import last_read, watch
from shared.extraction.last_read import LastRead, following
from shared.extraction.watch import Watched
from shared.landing import Landing, Manifest, RawRow, batch_id, iso
from shared.messaging.codec import encode

log = structlog.get_logger()
T = TypeVar("T")


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
    listed: dict[str, Watched] = field(default_factory=dict)
    """The watch list as the newest lookup's manifest carries it."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What the extractor itself wants to remember between runs."""
    news: list[Fact] = field(default_factory=list)
    """To be said with the next batch, whose manifest forgets what they were learned from."""
    last_read_at: datetime | None = None


def recall(landing: Landing, system: System) -> Memory:
    """The memory as the manifests have it.

    The one that landed last carries the last reads and notes; the watch list is the newest lookup's, and what was
    missed since.
    """
    memory = Memory()
    since: list[Watched] = []
    newest: Manifest | None = None
    for manifest in landing.manifests(system):
        if newest is None:
            memory.last_read_at = max(memory.last_read_at or manifest.read_to, manifest.read_to)
            if not _was_outlived(manifest, landing):
                newest = manifest
                memory.notes = dict(manifest.content.get("notes") or {})
                memory.reads = last_read.load(manifest, landing.manifest)
        if manifest.kind == "lookup":
            memory.listed = watch.load(manifest.content.get("watch") or [])
            break
        since += watch.load(manifest.content.get("missed") or []).values()
    memory.watch = watch.joined(memory.listed, since)
    return memory


def _was_outlived(manifest: Manifest, landing: Landing) -> bool:
    """Whether the batch within which this one landed was begun before and is there: then that one knows more."""
    within = manifest.content.get("within")
    try:
        return within is not None and landing.manifest(within).batch_ref == within
    except Rejected:  # it came to nothing
        return False


@dataclass(slots=True)
class Recorder:
    """Lands scopes of one system and keeps the memory."""

    landing: Landing
    system: System
    source: str
    memory: Memory
    reads: ReadClock
    outdated: threading.Event = field(default_factory=threading.Event)
    """Set when another run may have landed since."""
    _writing: str | None = None
    """The batch that is being written."""

    def refresh(self) -> None:
        """Where the memory may be outdated, remember what the manifests tell now. Between runs alone."""
        if self.outdated.is_set():
            self.outdated.clear()
            try:
                self.memory = recall(self.landing, self.system)
            except BaseException:
                self.outdated.set()
                raise
            self.reads.not_before(self.memory.last_read_at)

    def held(self, scope: str, begun: LastRead | None = None) -> Iterator[str]:
        """The ids of the rows that a scope holds, or held when `begun` was its last read; none where it was never
        read."""
        yield from self._of_batches(scope, self.landing.ids, begun)

    def held_rows(self, scope: str) -> Iterator[RawRow]:
        """The rows that a scope holds: of one that is read in increments also what they replaced."""
        yield from self._of_batches(scope, self.landing.rows)

    def _of_batches(self, scope: str, read: Callable[..., Iterator[T]], begun: LastRead | None = None) -> Iterator[T]:
        last = begun or self.memory.reads.get(scope)
        for batch_ref, sha256 in last.holds if last else ():
            try:
                yield from read(batch_ref, sha256=sha256)
            except Rejected as error:  # pruned, or damaged: then nothing of it can be missed
                log.warning("what a scope held cannot be read", scope=scope, batch_ref=batch_ref, reason=str(error))

    def land(
        self,
        scope: str,
        kind: BatchKind,
        rows: Iterable[tuple[Mapping[str, Any], datetime]],
        *,
        plan: Collection[Planned],
        proof: dict[str, Any],
        missed: Callable[[datetime], Collection[Watched]] = lambda _at: (),
        removed: Collection[Watched] = (),
        news: Collection[Fact] = (),
        is_read: bool = True,
        begun: LastRead | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Manifest:
        """Write the rows as they come; the batch exists when the source has ended well and the manifest is down.

        Not `is_read`: only some rows were asked for, so the scope's last read stays the one before. `begun` is the
        scope's last read when this one began, where that was before this call.

        While `rows` is consumed other batches may land, also of the same scope. They are begun later and there earlier:
        each names the batch within which it landed.

        Whatever `rows` raises leaves nothing behind. `proof` may be filled while `rows` is consumed. `missed` is asked
        after the last row, with the time of the read: what this read misses lies in the same manifest as the read, so
        that no stop in between forgets it. `news` lies there, too, beside what the memory has to say: it is said with
        the batch, at least once.
        """
        started = self.reads.read()
        begun = begun or self.memory.reads.get(scope)
        earliest: datetime | None = None
        latest = started
        ref = batch_id(started, scope, uuid4().hex[:6])
        with (
            self.landing.write(self.system, ref, day=started.date()) as batch,
            self._written(batch.batch_ref) as within,
        ):
            for row, read_at in rows:
                batch.add(row, read_at=read_at)
                earliest = min(earliest or read_at, read_at)
                latest = max(latest, read_at)
            sha256 = batch.finish()
            before = self.memory.reads.get(scope)
            read_at = latest if is_read or before is None else before.read_at
            last = following(before, kind, batch.batch_ref, sha256, read_at, begun=begun)
            reads = self.memory.reads | {scope: last}
            missing = missed(latest)
            planned = {entry.scope for entry in plan}
            fact = RawDataReady(
                system=self.system,
                batch_ref=batch.batch_ref,
                sha256=sha256,
                records=batch.records,
                removed=sum(1 for gone in removed if gone.answer == "gone"),
                scope=scope,
                kind=kind,
                read_from=earliest or started,
                read_to=latest,
            )
            event = first(fact, source=self.source, time=clock.now(), event_id=batch_event_id(batch.batch_ref))
            beside = [*self.memory.news, *news]
            manifest = batch.commit(
                {
                    "batch_ref": batch.batch_ref,
                    "system": self.system,
                    "scope": scope,
                    "kind": kind,
                    "within": within,
                    "records": batch.records,
                    "read_from": iso(fact.read_from),
                    "read_to": iso(fact.read_to),
                    "sha256": sha256,
                    "proof": proof,
                    "removed": watch.dump_removed(removed),
                    "plan": [_planned(entry, reads, batch.batch_ref) for entry in plan],
                    "retired": [
                        last_read.dump(name, read, into=batch.batch_ref)
                        for name, read in reads.items()
                        if name not in planned
                    ],
                    "missed": watch.dump(missing),
                    "watch": watch.dump(self.memory.watch.values()) if kind == "lookup" else [],
                    "notes": self.memory.notes,
                    "event": encode(event).decode(),
                    "news": [encode(each).decode() for each in self._beside(event, beside)],
                    **(extra or {}),
                }
            )
        # Only now: a batch without its manifest is none, and nobody may remember it.
        self.memory.reads, self.memory.news = reads, []
        self.memory.last_read_at = max(latest, self.memory.last_read_at or latest)
        if kind == "lookup":
            self.memory.listed = dict(self.memory.watch)
        self.memory.watch = watch.joined(self.memory.watch, missing)
        log.info(
            "landed", scope=scope, kind=kind, records=batch.records, removed=len(removed), batch_ref=batch.batch_ref
        )
        return manifest

    @contextmanager
    def _written(self, batch_ref: str) -> Iterator[str | None]:
        """While a batch is being written; gives the one within which it is."""
        within, self._writing = self._writing, batch_ref
        try:
            yield within
        finally:
            self._writing = within

    def _beside(self, batch: Envelope[RawDataReady], news: Collection[Fact]) -> Iterator[Envelope[Fact]]:
        """Stories of their own, under ids that stay the same however often they are said."""
        for number, fact in enumerate(news):
            told = consequence(batch, fact, source=self.source, time=batch.time, occasion=str(number))
            yield first(fact, source=self.source, time=batch.time, event_id=told.id)


def _planned(planned: Planned, reads: Mapping[str, LastRead], into: str) -> dict[str, Any]:
    last = reads.get(planned.scope)
    read = last_read.dump(planned.scope, last, into=into) if last else {"scope": planned.scope}
    return read | {"every_seconds": planned.every.total_seconds()}
