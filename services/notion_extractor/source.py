"""One data source: what it is like now, and its rows landed whole or not at all."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from services.notion_extractor import history
from services.notion_extractor.answers import nothing
from services.notion_extractor.completing import Completer, Items
from services.notion_extractor.drift import columns, drift
from services.notion_extractor.mapping import relations, resolve
from services.notion_extractor.notion_api import PageSize, Read
from services.notion_extractor.reading import Proof, walked
from services.notion_extractor.rows import Rows, Superseded
from services.notion_extractor.spool import Spool
from services.notion_extractor.telling import drifted
from services.notion_extractor.titles import Sources, Titles
from services.notion_extractor.turn import LastFull, edited_since
from services.notion_extractor.walk import CAP
from shared.contracts.events import Fact
from shared.contracts.vocabulary import BatchKind
from shared.errors import Rejected
from shared.extraction import watch
from shared.extraction.ids import Ids
from shared.extraction.last_read import LastRead
from shared.extraction.record import Planned, Recorder
from shared.extraction.watch import Watched
from shared.landing import Manifest, iso


class Notion(Items, Sources, Protocol):
    """The API as reading a source needs it."""

    def schema(self, data_source_id: str) -> Read: ...


@dataclass(frozen=True, slots=True)
class Described:
    """A data source's schema, and how it changed since its last read."""

    scope: str
    given: str
    """The entry of NOTION_SOURCES behind it."""
    schema: Mapping[str, Any]
    drift: dict[str, list[str]]
    started: datetime
    last: Manifest | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A data source before its rows are read: `related` are its mapped relations, property id to data source."""

    source: Described
    mapping: dict[str, Any]
    related: dict[str, str]

    @property
    def last_full(self) -> LastFull | None:
        """None where the mapping changed: rows that were not edited have to be read under the new one, too."""
        last = self.source.last
        return history.last_full(last) if last and last.content.get("mapping") == self.mapping else None


@dataclass(frozen=True, slots=True)
class Landed:
    """A data source after its rows have landed; `unresolved` are the related ones that could not be read, and why."""

    manifest: Manifest
    before: str | None
    """The ref of the batch before it."""
    unresolved: Mapping[str, str]


def describe(api: Notion, scope: str, given: str, *, last: Manifest | None, now: datetime) -> Described:
    """Read the schema. Raises `Rejected` for a source in the trash, and for what is no schema."""
    read = api.schema(scope)
    properties = read.body.get("properties")
    if not isinstance(properties, dict):
        raise Rejected(f"the schema of {scope} holds no properties")
    if read.body.get("in_trash"):
        raise Rejected(f"{scope} lies in Notion's trash: take it out, or take it off NOTION_SOURCES")
    before = columns(last.content.get("schema")) if last else {}
    changes = drift(before, columns(properties)) if before else {}
    # Whichever clock is behind: what was edited while we read must not be older than the next increment's beginning.
    started = min(now, read.server_time or now)
    return Described(scope, given, read.body, changes, started, last)


def prepare(source: Described, own: Mapping[str, Any]) -> Prepared:
    """With what the mapping makes of it. Raises `Rejected` for a mapping that names what is not there."""
    before = source.last.content.get("mapping") if source.last else None
    mapping = resolve(source.schema, own, before)
    return Prepared(source, mapping, relations(source.schema, mapping))


@dataclass(slots=True)
class Lander:
    """Lands one prepared source after the other."""

    recorder: Recorder
    titles: Titles
    cap: int = CAP

    def land(
        self,
        api: Notion,
        prepared: Prepared,
        kind: BatchKind,
        *,
        ids: Ids,
        plan: Collection[Planned],
        cut_budget: int,
        meanwhile: Callable[[], None],
    ) -> Landed:
        """Every row (that was edited since the last read), noted in `ids`; a whole read names what it lacks.

        `meanwhile` is called while Notion is waited for, and may `land_pages`.

        Raises `Transient` or `Rejected` where it could not be read whole; nothing has landed then.
        """
        scope = prepared.source.scope
        before = self.recorder.memory.reads.get(scope)
        size, news = PageSize(), _news(prepared.source)

        def once(walk: int) -> Landed:
            with Spool() as spool:
                rows = self._rows(
                    api, prepared, spool, size, {"walks": walk}, cut_budget=cut_budget, meanwhile=meanwhile
                )
                record = partial(
                    self._record,
                    prepared,
                    kind,
                    rows,
                    plan=plan,
                    missed=partial(self._missed, scope=scope, kind=kind, spool=spool, ids=ids, begun=before),
                    news=news,
                    begun=before,
                )
                try:
                    manifest = record(rows.walked(_since(prepared, kind)))
                except Superseded:
                    manifest = record(rows.spooled())
                return Landed(manifest, before.batch_ref if before else None, rows.unresolved)

        return walked(scope, size, once)

    def land_pages(
        self, api: Notion, last: Manifest, reads: Sequence[Read], *, plan: Collection[Planned], cut_budget: int
    ) -> Landed:
        """Pages of a source that were read one by one, as an increment under what `last` knows of the source.

        That is no read of the source: it stays as fresh as it was. And it says of itself that it began when `last` did:
        the next increment has to bring what no webhook told.
        """
        schema = {"properties": last.content["schema"]}
        source = Described(last.scope, last.content["given"], schema, {}, history.started(last), last)
        prepared = Prepared(source, last.content["mapping"], relations(schema, last.content["mapping"]))
        memory = self.recorder.memory
        with Ids() as ids, Spool() as spool:
            rows = self._rows(api, prepared, spool, PageSize(), {"asked_by_id": len(reads)}, cut_budget=cut_budget)
            missed = partial(self._missed, scope=last.scope, kind="increment", spool=spool, ids=ids)
            manifest = self._record(
                prepared, "increment", rows, rows.given(reads), plan=plan, missed=missed, is_read=False
            )
            memory.watch = watch.seen(memory.watch, {row_id for row_id in memory.watch if row_id in ids})
        return Landed(manifest, last.batch_ref, rows.unresolved)

    def _rows(
        self,
        api: Notion,
        prepared: Prepared,
        spool: Spool,
        size: PageSize,
        proof: Proof,
        *,
        cut_budget: int,
        meanwhile: Callable[[], None] = nothing,
    ) -> Rows:
        rows = Rows(
            api,
            prepared.source.scope,
            related=prepared.related,
            titles=self.titles,
            completer=Completer(api, cut_budget, meanwhile),
            spool=spool,
            size=size,
            proof=proof,
            cap=self.cap,
            meanwhile=meanwhile,
        )
        if last := prepared.source.last:
            rows.remember_titles(last.content)
        return rows

    def _missed(
        self, at: datetime, *, scope: str, kind: BatchKind, spool: Spool, ids: Ids, begun: LastRead | None = None
    ) -> list[Watched]:
        ids.forget(scope)
        ids.saw(scope, spool.ids())
        if kind != "full":
            return []
        change = ids.compare(scope, self.recorder.held(scope, begun))
        return watch.missed(scope, change.lacking, held=change.held, at=at)

    def _record(
        self,
        prepared: Prepared,
        kind: BatchKind,
        rows: Rows,
        given: Iterator[tuple[dict[str, Any], datetime]],
        *,
        plan: Collection[Planned],
        missed: Callable[[datetime], Collection[Watched]],
        news: Collection[Fact] = (),
        is_read: bool = True,
        begun: LastRead | None = None,
    ) -> Manifest:
        source = prepared.source
        extra: dict[str, Any] = {
            "data_source_id": source.scope,
            "given": source.given,
            "started": iso(source.started),
            "schema": source.schema["properties"],
            "drift": source.drift,
            "mapping": prepared.mapping,
            "related": rows.related_titles,
            "related_read": rows.related_read,
            "unresolved": rows.unresolved_properties,
        }
        full = prepared.last_full
        if kind == "increment" and full is not None:
            extra["full"] = {
                "batch_ref": full.batch_ref,
                "started": iso(full.started),
                "pages": full.pages,
                "cut_requests": full.cut_requests,
            }
        return self.recorder.land(
            source.scope,
            kind,
            given,
            plan=plan,
            proof=rows.proof,
            missed=missed,
            news=news,
            is_read=is_read,
            begun=begun,
            extra=extra,
        )


def _news(source: Described) -> list[Fact]:
    names = [f"{change}: {name}" for change, names in source.drift.items() for name in names]
    return [drifted(source.scope, "the source's properties changed", names)] if names else []


def _since(prepared: Prepared, kind: BatchKind) -> datetime | None:
    last = prepared.source.last
    return edited_since(history.started(last)) if kind == "increment" and last is not None else None
