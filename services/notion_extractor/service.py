"""A run: which data sources there are, each whole or by what was edited, and what vanished asked for by id."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from services.notion_extractor import dirty_pages, history, planning, vanished
from services.notion_extractor.looks import Looks
from services.notion_extractor.mapping_file import ignored, own_of
from services.notion_extractor.meanwhile import Meanwhile
from services.notion_extractor.notion_api import NotionApi
from services.notion_extractor.source import Lander, Prepared, describe, prepare
from services.notion_extractor.telling import Access, Teller
from services.notion_extractor.tokens import Tokens
from services.notion_extractor.turn import turns
from services.notion_extractor.webhook import Dirty, Taken
from shared.contracts.envelope import Envelope
from shared.contracts.events import RunNow
from shared.contracts.vocabulary import ALL_SCOPES, LOOKUP_SCOPE, BatchKind
from shared.errors import AuthRejected, Outage, Rejected, Transient
from shared.extraction import watch
from shared.extraction.announce import Announcer
from shared.extraction.ids import Ids
from shared.extraction.record import Memory, Planned
from shared.extraction.spreadsheets import Spreadsheets
from shared.landing import Landing, Manifest

log = structlog.get_logger()

SHARE = 4
"""A quarter of an interval's requests may complete cut cells, another one ask for what vanished."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """What the settings say of time."""

    every: timedelta
    full_every: timedelta
    requests_per_minute: float

    @property
    def budget(self) -> int:
        """Requests that one by-the-way of a run may spend."""
        return max(10, int(self.requests_per_minute * (self.every / timedelta(minutes=1)) / SHARE))


@dataclass(slots=True)
class Extract:
    """Reads Notion. One run at a time; facts go to the announcer, batches to the landing."""

    tokens: Tokens
    sources: Sequence[str]
    mappings: Mapping[str, Mapping[str, Any]]
    landing: Landing
    lander: Lander
    announcer: Announcer
    spreadsheets: Spreadsheets
    tell: Teller
    pacing: Pacing
    now: Callable[[], datetime]
    stop: threading.Event
    dirty: Dirty = field(default_factory=Dirty)
    """What webhooks told of; nothing where none are taken."""
    _planned: list[Planned] = field(default_factory=list)
    _whole: bool = False
    _wanted: set[str] = field(default_factory=set)
    """Data sources that people want read now."""
    _looks: Looks = field(default_factory=Looks)
    _running: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Read every source. While the token is refused nothing is asked."""
        with self._running:
            if self.tokens.none_is_left:
                return
            whole, self._whole = self._whole, False
            wanted, self._wanted = self._wanted, set()
            if self._attempt(lambda api: self._read_all(api, whole, wanted)) is not None:
                self._whole |= whole
                self._wanted |= wanted

    def _attempt(self, read: Callable[[NotionApi], None]) -> Exception | None:
        """Why `read` did not come to its end, which is told."""
        try:
            self.lander.recorder.refresh()
            self.tokens.use(read)
        except (AuthRejected, Transient, Rejected) as error:
            self._tell(error)
            return error
        return None

    def _tell(self, error: AuthRejected | Transient | Rejected) -> None:
        if isinstance(error, AuthRejected):
            self.tell.refused(error)
        else:
            self.tell.failed(error.what if isinstance(error, Outage) else ALL_SCOPES, str(error))

    def run_whole_plan(self) -> bool:
        """For `--once`: a supplied token first, then everything; returns whether every source was read."""
        self.tokens.try_supplied()
        self._whole = True
        self.run()
        was_stopped = self.stop.is_set()
        self.spreadsheets.beat()
        return self.tell.is_all_well and not was_stopped

    def on_run_now(self, event: Envelope[RunNow]) -> None:
        """A person wants everything or one source read now: noted, and done whole by the next beat."""
        log.info("a run was asked for", by=event.data.by, scope=event.data.scope)
        if event.data.scope == ALL_SCOPES:
            self._whole = True
        else:
            self._wanted.add(event.data.scope)
        self.tokens.wake.set()

    def read_dirty_pages(self) -> None:
        """A micro-run for what webhooks told. Sources that changed, or hold many of the pages, are looked through.

        What is told while a run is going on, the run itself lands; the looks wait for its end.
        """
        with self._running:
            scopes = {each.scope for each in self._planned} - {LOOKUP_SCOPE}
            taken = self.dirty.take(scopes or None)
            if self.tell.access is not Access.GOOD or not scopes:
                self.dirty.put_back(taken)
                return
            if 0 < len(taken.pages) <= dirty_pages.MANY:
                self._read_pages(taken.pages)
            self._looks.told(dirty_pages.looked_through(taken, scopes))
            if sources := self._looks.due(self.now()) & scopes:
                self._look_through(sources)

    def _look_through(self, sources: set[str]) -> None:
        error = self._attempt(lambda api: self._read_all(api, False, sources, is_told=True))
        if error is not None:
            self._looks.failed(sources, error, self.now())

    def _read_pages(self, told: dict[str, set[str | None]]) -> None:
        waiting = dict(told)
        try:
            self.lander.recorder.refresh()
            api = self.tokens.credentials.api()
            for found in dirty_pages.gather(api, list(told), {each.scope for each in self._planned}):
                self._land_gathered(api, found)
                for page in found.asked:
                    del waiting[page]
                if found.trouble:
                    log.info("pages that a webhook named wait", reason=found.trouble)
        except AuthRejected as error:
            if not self.tokens.gave_way(error):  # else the next beat asks with the other token
                self.tell.refused(error)
        except Transient as error:
            log.info("pages that a webhook named wait", reason=str(error))
        finally:
            self.dirty.put_back(Taken(waiting, set()))

    def _land_gathered(self, api: NotionApi, found: dirty_pages.Gathered) -> None:
        if found.refused:
            log.warning("pages that a webhook named could not be read, the next run brings them", pages=found.refused)
        landed = dirty_pages.land(
            api,
            found.by_scope,
            lander=self.lander,
            landing=self.landing,
            plan=self._planned,
            cut_budget=self.pacing.budget,
        )
        for each in landed:
            self.announcer.batch_landed(each.manifest.batch_ref)  # no spreadsheet: people want the whole source there

    @property
    def _memory(self) -> Memory:
        return self.lander.recorder.memory

    def _read_all(self, api: NotionApi, whole: bool, wanted: set[str], *, is_told: bool = False) -> None:
        """The whole plan or what is `wanted` of it, and that whole, unless webhooks told of it (`is_told`): what they
        tell comes as often as people type, so it has no time of its own, and removes nothing."""
        api.me()
        self.tell.known()
        begun = self.lander.recorder.reads.read()
        found, unknown = planning.resolve(api, self.sources, self.tell)
        if not unknown:  # whose a table is can be known when all data sources are
            self.tell.ignored(ignored(self.mappings, found))
        scopes = planning.scopes(found, unknown, self._memory, self.landing)
        plan = self._planned = [Planned(scope, self.pacing.every) for scope in (*scopes, LOOKUP_SCOPE)]
        only = set() if whole else wanted
        if unasked := only - found.keys():
            log.warning("a source that was asked for is not in the plan", scopes=sorted(unasked))
            trouble = next((error for error in unknown.values() if isinstance(error, Transient)), None)
            self._looks.failed(unasked, trouble, self.now())
        ready = [
            each
            for scope, given in found.items()
            if (not only or scope in only) and (each := self._prepare(api, scope, given)) is not None
        ]
        kinds: Mapping[str, BatchKind] = turns(
            {each.source.scope: each.last_full if is_told or not (whole or only) else None for each in ready},
            requests_per_minute=self.pacing.requests_per_minute,
            every=timedelta(0) if is_told else self.pacing.every,
            full_every=self.pacing.full_every,
            now=self.now(),
        )
        related = {target for each in ready for target in each.related.values()}
        unread = (history.last_read(self.landing, self._memory, each.scope) for each in plan if each.scope not in kinds)
        related |= {target for last in unread if last for target in last.content.get("related_read") or ()}
        meanwhile = Meanwhile(
            api,
            self.dirty,
            scopes,
            partial(self._land_gathered, api),
            anew={each.source.scope for each in ready if each.last_full is None},
        )
        with Ids() as ids, meanwhile:
            read: list[str] = []
            for each in ready:
                if self.stop.is_set():
                    return
                if self._land(api, each, kinds[each.source.scope], plan=plan, ids=ids, meanwhile=meanwhile):
                    read.append(each.source.scope)
            self.tell.left({entry.scope for entry in plan} | related | {*self.sources, ALL_SCOPES, "landing"})
            shown = {row_id for row_id in self._memory.watch if row_id in ids}
            self._memory.watch = watch.recounted(watch.seen(self._memory.watch, shown), since=begun)
            if not is_told:
                self._ask_for_vanished(api, plan, read, found, meanwhile)
        self.tell.recovered(ALL_SCOPES)
        self.tell.recovered("landing")

    def _prepare(self, api: NotionApi, scope: str, given: str) -> Prepared | None:
        last = history.last_read(self.landing, self._memory, scope)
        try:
            source = describe(api, scope, given, last=last, now=self.now())
            return prepare(source, own_of(self.mappings, scope, given))
        except (Transient, Rejected) as error:
            self._failed(scope, error)
            return None

    def _land(
        self,
        api: NotionApi,
        prepared: Prepared,
        kind: BatchKind,
        *,
        plan: Collection[Planned],
        ids: Ids,
        meanwhile: Callable[[], None],
    ) -> bool:
        """Whether the source was read whole."""
        scope = prepared.source.scope
        try:
            landed = self.lander.land(
                api, prepared, kind, ids=ids, plan=plan, cut_budget=self.pacing.budget, meanwhile=meanwhile
            )
        except Outage:
            raise
        except (Transient, Rejected) as error:
            self._failed(scope, error)
            return False
        self._looks.read(scope)
        self._landed(landed.manifest, landed.before)
        self.tell.allowed()
        self.tell.recovered(scope)
        # A related source that is extracted itself speaks for itself.
        for target in set(prepared.related.values()).difference(each.scope for each in plan):
            reason = landed.unresolved.get(target)
            if reason is not None:
                self.tell.failed(target, f"{scope} has landed without the titles of this related source: {reason}")
            else:
                self.tell.recovered(target)
        return True

    def _failed(self, scope: str, error: Transient | Rejected) -> None:
        self.tell.failed(scope, str(error))
        self._looks.failed({scope}, error, self.now())

    def _ask_for_vanished(
        self,
        api: NotionApi,
        plan: Collection[Planned],
        read: Collection[str],
        extracted: Collection[str],
        meanwhile: Callable[[], None],
    ) -> None:
        """Removed is what is gone in two runs; the batch carries the list, also when nobody was asked for."""
        memory = self._memory
        asked = vanished.ask(
            api,
            memory.watch,
            read=read,
            extracted=extracted,
            budget=self.pacing.budget,
            now=self.now(),
            stop=self.stop,
            meanwhile=meanwhile,
        )
        if asked.answers or memory.watch or self._is_list_outdated():
            listed, before = memory.watch, memory.reads.get(LOOKUP_SCOPE)
            memory.watch, removed = watch.answered(listed, asked.answers)
            try:
                manifest = self.lander.recorder.land(
                    LOOKUP_SCOPE, "lookup", (), plan=plan, proof={"asked": asked.kinds}, removed=removed
                )
            except BaseException:
                memory.watch = listed  # what did not land was not answered
                raise
            self._landed(manifest, before.batch_ref if before else None)
        if asked.trouble:
            self.tell.failed(LOOKUP_SCOPE, asked.trouble)
        else:
            self.tell.recovered(LOOKUP_SCOPE)

    def _is_list_outdated(self) -> bool:
        """Whether the newest list that was landed is old, or names rows that have come back since."""
        last = history.last_read(self.landing, self._memory, LOOKUP_SCOPE)
        if last is None or last.content.get("watch"):
            return True
        return self.now() - self._memory.reads[LOOKUP_SCOPE].read_at >= 2 * self.pacing.every

    def _landed(self, manifest: Manifest, before: str | None) -> None:
        self.announcer.batch_landed(manifest.batch_ref)
        self.spreadsheets.batch_landed(manifest, before)
