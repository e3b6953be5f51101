"""When to read and what is due; tokens and wishes that people bring in between."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from services.gestta_extractor import lookups, run
from services.gestta_extractor.access import Access
from services.gestta_extractor.due import OFFICE_TIME
from services.gestta_extractor.lookups import Lookups
from services.gestta_extractor.plan import SEARCH_OPEN, blocks, search_every, still_too_large, turn
from services.gestta_extractor.run import SEARCH_PAGES, TOO_LARGE, Run
from services.gestta_extractor.scopes import Scopes
from shared.contracts.envelope import Envelope
from shared.contracts.events import AuthRecovered, Fact, RunNow, TokenSupplied
from shared.contracts.vocabulary import ALL_SCOPES, LOOKUP_SCOPE
from shared.errors import AuthRejected, Outage, Rejected, Transient
from shared.extraction.announce import Announcer
from shared.extraction.ids import Ids
from shared.extraction.news import News
from shared.extraction.record import Recorder
from shared.extraction.spreadsheets import Spreadsheets
from shared.landing import Manifest

log = structlog.get_logger()

RESERVE = 5
"""Requests of the hour that are kept for the blocks that hold today."""
LEAST_LOOKUPS = 10
"""So many vanished tasks are asked for in a run whose reading used up its share."""


class Source(run.Source, lookups.Source, Protocol):
    """The API as a whole run needs it."""

    @property
    def left(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Range:
    """What the settings say about the range."""

    first_year: int
    last_year: int
    months: int
    every: timedelta
    requests_per_hour: int
    task_url: str


@dataclass(slots=True)
class Extract:
    """Reads Gestta. One run at a time; facts go to the announcer, batches to the landing."""

    api: Source
    access: Access
    recorder: Recorder
    announcer: Announcer
    spreadsheets: Spreadsheets
    news: News
    range: Range
    now: Callable[[], datetime]
    stop: threading.Event
    wait: Callable[[float], object]
    """Pause between two tries; `stop.wait`, so that the end of the service ends it too."""
    wake: threading.Event = field(default_factory=threading.Event)
    _tried: dict[str, datetime] = field(default_factory=dict)
    """When each block's turn was, read or not."""
    _complete: bool = False
    """Whether the last run read every scope of the plan."""
    _whole: bool = False
    _wanted: set[str] = field(default_factory=set)
    """Scopes that people want read now."""
    _running: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Read what is due. While the token is dead nothing is asked."""
        with self._running:
            if self.access.is_dead and not self.access.credentials.has_news(self.now()):
                return
            whole, self._whole = self._whole, False
            wanted, self._wanted = self._wanted, set()
            try:
                self.recorder.refresh()
                with Ids() as ids:
                    self._read(whole, wanted, ids)
            except (AuthRejected, Transient, Rejected) as error:
                self._whole, self._wanted = self._whole or whole, self._wanted | wanted  # for the run that comes after
                if isinstance(error, AuthRejected):
                    self.access.failed(error)
                else:
                    self.news.failed(error.what if isinstance(error, Outage) else ALL_SCOPES, str(error))

    def look_for_token(self) -> None:
        """Every few seconds: try a supplied token that nobody announced; while the token in use is dead, look whether
        there is another way on (a file that was replaced)."""
        took = self.access.takes_unannounced()
        if took or (self.access.is_dead and self.access.credentials.has_news(self.now())):
            self.wake.set()

    def on_token(self, event: Envelope[TokenSupplied]) -> Iterator[Fact]:
        """Try a supplied token now; a good one starts a catch-up run."""
        fact = self.access.supplied(event.data.by)
        credentials = self.access.credentials
        if fact is None and credentials.took_supplied_since(event.time) and credentials.still_working(self.now()):
            # Taken already, perhaps by this message before it could be answered: said again it counts once.
            fact = AuthRecovered(system="gestta", hint="o token em uso funciona")
        if isinstance(fact, AuthRecovered):
            self.wake.set()
        if fact is None:
            log.info("a token was announced but none lies there: it was taken already", by=event.data.by)
        else:
            yield fact

    def on_run_now(self, event: Envelope[RunNow]) -> None:
        """A person wants everything or one scope read now: noted, and done by the next beat."""
        log.info("a run was asked for", by=event.data.by, scope=event.data.scope)
        if event.data.scope == ALL_SCOPES:
            self._whole = True
        else:
            self._wanted.add(event.data.scope)
        self.wake.set()

    def run_whole_plan(self) -> bool:
        """For `--once`: everything; returns whether every scope was read."""
        self.access.takes_unannounced(patience=timedelta(0))
        self._whole = True
        self.run()
        self.spreadsheets.beat()
        return self._complete and not self.access.is_dead and self.news.nothing_failed

    def _read(self, whole: bool, wanted: set[str], ids: Ids) -> None:
        self._complete = False
        begun, left = self.recorder.reads.read(), self.api.left
        now = self.now()
        today = now.astimezone(OFFICE_TIME).date()
        memory = self.recorder.memory
        plan = blocks(
            today,
            first_year=self.range.first_year,
            last_year=self.range.last_year,
            months=self.range.months,
            too_large=still_too_large(memory.notes.get(TOO_LARGE, {}), now=now),
        )
        last = {scope: read.read_at for scope, read in memory.reads.items()}
        due = turn(
            plan,
            today=today,
            now=now,
            last_read=last,
            last_tried=self._tried,
            every=self.range.every,
            whole=whole,
        )
        every = {block.scope: often for block, often in due.every.items()}
        every[LOOKUP_SCOPE] = self.range.every
        every[SEARCH_OPEN] = search_every(
            memory.notes.get(SEARCH_PAGES, 0), every=self.range.every, requests_per_hour=self.range.requests_per_hour
        )
        # Half a run early, or a search would slip by a run for the seconds that reading takes.
        early, searched = every[SEARCH_OPEN] - self.range.every / 2, last.get(SEARCH_OPEN)
        in_every_run = every[SEARCH_OPEN] == self.range.every
        search_due = whole or in_every_run or searched is None or now - searched > early
        scopes = Scopes(every, self.recorder, ids, self._landed, self.range.task_url)
        scopes.forget_what_left_the_plan()
        reading = Run(self.api, self.access, scopes, self.news, self.now, self.stop, self.wait, self.range.every / 2)
        only = set() if whole else wanted
        if unknown := only - every.keys():
            log.warning("a scope that was asked for is not in the plan", scopes=sorted(unknown))
        for block in due.now if not only else [block for block in plan if block.scope in only]:
            if self.stop.is_set():
                return
            if block.holds(today) or self.api.left > RESERVE:
                self._tried[block.scope] = now
                reading.block(block)
        if SEARCH_OPEN in only or (not only and search_due):
            reading.search()
        self.news.left({*scopes.plan, "landing"})
        if not self.stop.is_set():
            share = int(self.range.requests_per_hour * (self.range.every / timedelta(hours=1)))
            budget = min(max(share - (left - self.api.left), LEAST_LOOKUPS), self.api.left - RESERVE)
            self._ask_for_vanished(scopes, budget, begun)
        self.news.recovered("landing")
        self._complete = scopes.plan.keys() - {LOOKUP_SCOPE} <= scopes.read.keys()

    def _ask_for_vanished(self, scopes: Scopes, budget: int, begun: datetime) -> None:
        try:
            Lookups(self.api, self.access, scopes, self.news, self.now, self.stop).ask(budget=budget, since=begun)
        except Outage:
            raise
        except (Transient, Rejected) as error:
            self.news.failed(LOOKUP_SCOPE, str(error))

    def _landed(self, manifest: Manifest, before: str | None) -> None:
        self.announcer.batch_landed(manifest.batch_ref)
        self.spreadsheets.batch_landed(manifest, before)
