"""A run: each data source whole or not at all, its schema and mapping with it, and what vanished asked for by id."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol
from uuid import uuid4

import structlog

from services.notion_extractor.ids import dashed
from services.notion_extractor.mapping import relations, resolve
from services.notion_extractor.notion_api import CursorExpired, Read
from services.notion_extractor.walk import Broken, Complete, Continue, NextWindow, Step, Window, after
from shared.contracts.envelope import Envelope, first
from shared.contracts.events import (
    AuthFailed,
    AuthRecovered,
    Fact,
    RunNow,
    SourceFailed,
    SourceRecovered,
    TokenSupplied,
)
from shared.contracts.vocabulary import LOOKUP_SCOPE
from shared.errors import AuthRejected, Rejected, Transient
from shared.extraction import watch
from shared.extraction.announce import Announcer
from shared.extraction.ids import Ids
from shared.extraction.record import Planned, Recorder
from shared.extraction.spreadsheets import Spreadsheets
from shared.extraction.watch import Watched

log = structlog.get_logger()

WALKS = 3
"""So often a walk is begun anew when its cursor has expired."""
LOOKUPS_PER_RUN = 100


class Notion(Protocol):
    """The API as a run needs it."""

    def me(self) -> object: ...
    def data_sources(self, given_id: str) -> list[str]: ...
    def schema(self, data_source_id: str) -> dict[str, Any]: ...
    def query(self, data_source_id: str, body: Mapping[str, Any]) -> Read: ...
    def page(self, page_id: str) -> Read | None: ...
    def read_at(self) -> datetime: ...


@dataclass(slots=True)
class Extract:
    """Reads Notion. One run at a time; facts go to the announcer, batches to the landing."""

    api: Callable[[], Notion]
    """With the token that is valid now. Raises `AuthRejected` where there is none."""
    try_supplied: Callable[[], bool]
    sources: Sequence[str]
    mappings: Mapping[str, Mapping[str, Any]]
    recorder: Recorder
    announcer: Announcer
    spreadsheets: Spreadsheets
    every: timedelta
    source: str
    now: Callable[[], datetime]
    stop: threading.Event
    wake: threading.Event = field(default_factory=threading.Event)
    _failing: dict[str, bool] = field(default_factory=dict)
    _auth_dead: bool | None = None
    _running: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Read every source."""
        with self._running:
            try:
                self._sources(self.api())
            except AuthRejected as error:
                if not self._auth_dead:
                    log.warning("Notion refused the token", hint=error.hint)
                    self._note(AuthFailed(system="notion", status=error.status, hint=error.hint))
                self._auth_dead = True
            except (Transient, Rejected) as error:
                self._tell(LOOKUP_SCOPE, str(error))

    def run_whole_plan(self) -> bool:
        """For `--once`: everything; returns whether every source was read."""
        self.run()
        self.spreadsheets.beat()
        return not self._auth_dead and not any(self._failing.values())

    def on_token(self, event: Envelope[TokenSupplied]) -> Iterator[Fact]:
        """Try a supplied token now; a good one starts a catch-up run."""
        try:
            taken = self.try_supplied()
        except AuthRejected as error:
            still = self._auth_dead is False
            yield AuthFailed(system="notion", status=error.status, hint=error.hint, still_working=still)
            return
        if taken:
            self._auth_dead = False
            yield AuthRecovered(system="notion", hint=f"token given by {event.data.by}")
            self.wake.set()

    def on_run_now(self, event: Envelope[RunNow]) -> None:
        """A person wants everything read now: noted, and done by the next beat."""
        log.info("a run was asked for", by=event.data.by, scope=event.data.scope)
        self.wake.set()

    def _sources(self, api: Notion) -> None:
        api.me()
        if self._auth_dead is not False:
            self._note(AuthRecovered(system="notion"))
        self._auth_dead = False
        found: dict[str, Mapping[str, Any]] = {}
        for given in self.sources:
            try:
                found |= dict.fromkeys(map(dashed, api.data_sources(given)), self.mappings.get(given, {}))
            except (Transient, Rejected) as error:
                self._tell(given, str(error))
            else:
                self._tell_recovered(given)
        planned = [Planned(scope, self.every) for scope in found]
        # A source that could not be resolved just now keeps its place in the plan, and grows stale there.
        known = {scope for scope in self.recorder.memory.reads if scope != LOOKUP_SCOPE}
        if len(found) < len(self.sources):
            planned += [Planned(scope, self.every) for scope in known if scope not in found]
        planned.append(Planned(LOOKUP_SCOPE, self.every))
        reads, scopes = self.recorder.memory.reads, {p.scope for p in planned}
        self.recorder.memory.reads = {scope: read for scope, read in reads.items() if scope in scopes}
        with Ids() as seen:
            for scope, own in found.items():
                if self.stop.is_set():
                    return
                try:
                    self._read(api, scope, own, planned, seen)
                except (Transient, Rejected) as error:
                    self._tell(scope, str(error))
            self._lookups(api, planned, seen)

    def _read(self, api: Notion, scope: str, own: Mapping[str, Any], planned: list[Planned], seen: Ids) -> None:
        """Land one data source."""
        schema = api.schema(scope)
        mapping = resolve(schema, own)
        related = {page: title for target in relations(schema, mapping) for page, title in self._titles(api, target)}
        before = self.recorder.memory.reads.get(scope)
        for walk in range(1, WALKS + 1):
            ids: set[str] = set()
            missed = partial(self._missed, scope, ids, seen)
            proof: dict[str, Any] = {"walk": walk}
            try:
                manifest = self.recorder.land(
                    scope,
                    "full",
                    self._walk(api, scope, ids, proof),
                    plan=planned,
                    proof=proof,
                    missed=missed,
                    extra={
                        "data_source_id": scope,
                        "schema": schema.get("properties"),
                        "mapping": mapping,
                        "related": related,
                    },
                )
            except CursorExpired as error:
                log.info("the cursor expired, walking again from the beginning", scope=scope, walk=walk)
                if walk == WALKS:
                    raise Transient(f"the cursor expired in {WALKS} walks: {error}") from None
                continue
            break
        self.announcer.batch_landed(manifest.batch_ref)
        self.spreadsheets.batch_landed(manifest, before.batch_ref if before else None)
        self._tell_recovered(scope)

    def _missed(self, scope: str, ids: set[str], seen: Ids, at: datetime) -> list[Watched]:
        seen.saw(scope, ids)
        change = seen.compare(scope, self.recorder.held(scope))
        return watch.missed(scope, change.lacking, held=change.held, at=at)

    def _walk(
        self, api: Notion, scope: str, ids: set[str], proof: dict[str, Any]
    ) -> Iterator[tuple[dict[str, Any], datetime]]:
        """Every row once, through as many windows as it takes; raises `Transient` where the walk cannot be trusted."""
        window, windows, pages = Window(), [], 0
        while True:
            cursor: str | None = None
            cursors, rows, last_created = set[str](), 0, None
            step: Step | None = None
            while not isinstance(step, NextWindow):
                read = api.query(scope, window.body(cursor))
                pages += 1
                results = read.body["results"]
                rows += len(results)
                for row in results:
                    if row.get("object", "page") != "page":
                        continue  # a wiki's rows may be data sources
                    last_created = row.get("created_time") or last_created
                    row_id = str(row.get("id"))
                    if row_id not in ids:
                        ids.add(row_id)
                        yield row, read.read_at
                step = after(read.body, window=window, rows_in_window=rows, last_created=last_created, cursors=cursors)
                match step:
                    case Continue(cursor=following):
                        cursors.add(following)
                        cursor = following
                    case Broken(reason=reason):
                        raise Transient(f"the walk through {scope} cannot be trusted: {reason}")
                    case Complete():
                        windows.append({"since": window.since, "rows": rows})
                        proof |= {"windows": windows, "pages": pages, "distinct_ids": len(ids)}
                        return
            windows.append({"since": window.since, "rows": rows})
            window = step.window

    def _titles(self, api: Notion, target: str) -> Iterator[tuple[str, str]]:
        """Titles of a related source, a hundred a request instead of one."""
        for row, _ in self._walk(api, target, set(), {}):
            for value in (row.get("properties") or {}).values():
                if isinstance(value, dict) and value.get("type") == "title":
                    yield str(row["id"]), "".join(str(p.get("plain_text", "")) for p in value["title"] or [])

    def _lookups(self, api: Notion, planned: list[Planned], seen: Ids) -> None:
        """Classify what vanished: trashed, archived, moved, gone or unshared; removed when gone in two runs."""
        memory = self.recorder.memory
        self._tell_recovered(LOOKUP_SCOPE)
        memory.watch = watch.seen(memory.watch, {row_id for row_id in memory.watch if row_id in seen})
        asked = watch.to_ask(memory.watch, budget=LOOKUPS_PER_RUN, now=self.now())
        answers: dict[str, tuple[watch.Answer, datetime]] = {}
        kinds: dict[str, str] = {}
        for row_id in asked:
            if self.stop.is_set():
                return
            page = api.page(row_id)
            kinds[row_id] = _classify(page, memory.watch[row_id].scope)
            at = page.read_at if page else api.read_at()
            # Still there and in its place: the index lags. It stays on the list, and no row is taken from it.
            answers[row_id] = ("found" if kinds[row_id] == "there" else "gone", at)
        if not asked and LOOKUP_SCOPE in memory.reads and not memory.watch:
            return
        memory.watch, removed = watch.answered(memory.watch, answers)
        manifest = self.recorder.land(LOOKUP_SCOPE, "lookup", (), plan=planned, proof={"asked": kinds}, removed=removed)
        self.announcer.batch_landed(manifest.batch_ref)

    def _tell(self, scope: str, reason: str) -> None:
        log.warning("a source could not be read, the last good data stays", scope=scope, reason=reason)
        if not self._failing.get(scope):
            self._note(SourceFailed(system="notion", scope=scope, reason=reason))
        self._failing[scope] = True

    def _tell_recovered(self, scope: str) -> None:
        if self._failing.get(scope) is not False:
            self._note(SourceRecovered(system="notion", scope=scope))
        self._failing[scope] = False

    def _note(self, fact: Fact) -> None:
        self.announcer.note(first(fact, source=self.source, time=self.now(), event_id=str(uuid4())))


def _classify(page: Read | None, scope: str) -> str:
    if page is None:
        return "gone or unshared"
    if page.body.get("in_trash"):
        return "trashed"
    if page.body.get("is_archived"):
        return "archived"
    parent = (page.body.get("parent") or {}).get("data_source_id")
    return "there" if parent is None or dashed(str(parent)) == scope else "moved"
