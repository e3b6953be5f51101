"""One run's reading: the blocks of the report that are due, and the open tasks of any age."""

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Protocol

import structlog

from services.gestta_extractor.access import Access
from services.gestta_extractor.budget import Spent
from services.gestta_extractor.due import office_day
from services.gestta_extractor.gestta_api import Page, RangeRefused, TooLarge
from services.gestta_extractor.halving import Halving
from services.gestta_extractor.plan import SEARCH_OPEN, Block
from services.gestta_extractor.scopes import Row, Rows, Scopes
from services.gestta_extractor.token import Token
from shared.contracts.events import SchemaDrifted
from shared.errors import Outage, Rejected, Transient
from shared.extraction.news import News
from shared.http import patiently
from shared.landing import id_of

log = structlog.get_logger()

OPEN_STATUSES = ("OPEN", "IMPEDIMENT")
TOO_LARGE = "too_large"
SEARCH_PAGES = "search_pages"
OUTSIDE = "outside_told"
BLOCK_READS, PART_READS, SEARCH_READS = 3, 2, 3
"""So often a scope is read in one run before it is halved, or told as failed."""
PASSES = 3
"""So often the pages of a search are gone through while they shift; what no pass shows is asked for by id."""


class Source(Protocol):
    """The API as a run needs it."""

    def report(self, token: str, first: date, last: date) -> Rows: ...
    def search(self, token: str, status: str, page: int) -> Page: ...


@dataclass(slots=True)
class Run:
    """Reads scopes one after the other, each whole or not at all; what fails is told and the rest is read."""

    api: Source
    access: Access
    scopes: Scopes
    news: News
    now: Callable[[], datetime]
    stop: threading.Event
    wait: Callable[[float], object]
    patience: timedelta
    """So long a block may take that has to be halved."""
    _size_is_no_help: bool = False

    def block(self, block: Block) -> None:
        """Read a block; where Gestta does not manage it, in halves, down to a day."""
        error = self._try(block, reads=BLOCK_READS)
        if isinstance(error, TooLarge) and (isinstance(error, RangeRefused) or not self._size_is_no_help):
            self._in_parts(block, error)
        else:
            self._tell(block, error)

    def _in_parts(self, block: Block, error: Exception) -> None:
        log.info("a block is too large, halving it", scope=block.scope, reason=str(error))
        halving, deadline = Halving(block), self.now() + self.patience
        errors: dict[Block, Exception] = {}
        while (part := halving.following) is not None and not self.stop.is_set() and self.now() < deadline:
            self.scopes.replan(block, halving.parts)
            failed = self._try(part, reads=PART_READS)
            if failed is None:
                halving.part_read(rows=self.scopes.read[part.scope])
                continue
            errors[part] = failed
            if isinstance(failed, TooLarge):
                halving.part_too_large()
            else:
                halving.part_failed()
        self.scopes.replan(block, halving.parts)
        if halving.gave_up:
            self._size_is_no_help = True
            self._tell(block, error)
            return
        for part in (*halving.failed, *halving.pending):
            self._tell(part, errors.get(part, error))
        if halving.is_proven:
            learnt = dict.fromkeys((split.scope for split in halving.split), self.now().isoformat())
            notes = self.scopes.memory.notes
            notes[TOO_LARGE] = notes.get(TOO_LARGE, {}) | learnt
            self.news.recovered(block.scope)

    def search(self) -> None:
        """Open tasks of any age, also those whose due date lies outside the range."""
        proof: dict[str, Any] = {}
        try:
            self._patiently(SEARCH_OPEN, partial(self._open_tasks, proof), proof, reads=SEARCH_READS)
            self.scopes.memory.notes[SEARCH_PAGES] = sum(proof[status]["pages"] for status in OPEN_STATUSES)
        except Spent as spent:
            log.info("the search waits for the next run", reason=str(spent))
        except Outage:
            raise
        except (Transient, Rejected) as error:
            self.news.failed(SEARCH_OPEN, str(error))

    def _tell(self, block: Block, error: Exception | None) -> None:
        if isinstance(error, Spent):
            log.info("a block waits for the next run", scope=block.scope, reason=str(error))
        elif error is not None:
            self.news.failed(block.scope, str(error))

    def _try(self, block: Block, *, reads: int) -> Exception | None:
        """Read a block; returns what went wrong."""
        proof: dict[str, Any] = {}
        try:
            self._patiently(block.scope, partial(self._report, block, proof), proof, reads=reads)
        except Outage:
            raise
        except (Transient, Rejected) as error:
            return error
        notes = self.scopes.memory.notes
        if proof["outside"] and not notes.get(OUTSIDE):
            notes[OUTSIDE] = True
            reason = f"{proof['outside']} tasks lie outside the due dates that were asked for"
            self.news.say(SchemaDrifted(system="gestta", scope=block.scope, reason=reason, fields=("_due_date",)))
        return None

    def _report(self, block: Block, proof: dict[str, Any], token: Token) -> Rows:
        # Which date the report filters by is not documented: nothing here depends on it, and this tells.
        proof["outside"] = 0
        for row, read_at in self.api.report(token.value, block.first, block.last):
            day = office_day(due) if isinstance(due := row.get("_due_date"), str) else None
            proof["outside"] += day is not None and not block.holds(day)
            yield row, read_at

    def _open_tasks(self, proof: dict[str, Any], token: Token) -> Rows:
        for status in OPEN_STATUSES:
            for number in range(1, PASSES + 1):
                steady, pages = yield from self._pass(token, status)
                proof[status] = {"passes": number, "pages": pages, "steady": steady}
                if steady:
                    break

    def _pass(self, token: Token, status: str) -> Generator[Row, None, tuple[bool, int]]:
        """Every page once; returns whether the pages stood still, and how many they were.

        A task that is concluded between two pages moves those behind it forward, and one of them out of sight: then
        the total changes, and another pass shows it. Pages may repeat rows of the last one: what is new counts.
        """
        scope = f"{SEARCH_OPEN} {status}"
        self.scopes.ids.forget(scope)
        totals: set[int] = set()
        number, shown = 1, 0
        while True:
            page = self.api.search(token.value, status, number)
            fresh = [row for row in page.rows if id_of(row) and self.scopes.ids.saw(scope, [id_of(row)])]
            strangers = [row for row in page.rows if not id_of(row)]
            shown += len(fresh) + len(strangers)
            yield from ((row, page.read_at) for row in (*fresh, *strangers))
            if page.total is not None:
                totals.add(page.total)
            if not fresh or page.is_last or (page.total is not None and shown >= page.total):
                break
            number += 1
        if page.total is not None and shown < page.total:
            raise Transient(f"the search for {status} brought {shown} of {page.total} tasks")
        return len(totals) <= 1, number

    def _patiently(self, scope: str, rows: Callable[[Token], Rows], proof: dict[str, Any], *, reads: int) -> None:
        """Read a scope again when it broke off or its pages shifted, but not what was refused for its size."""

        def once() -> None:
            self.access.call(lambda token: self.scopes.land(scope, "full", rows(token), proof))

        patiently(once, tries=reads, unless=(RangeRefused, Spent, Outage), longest=5.0, wait=self.wait)
        self.news.recovered(scope)
