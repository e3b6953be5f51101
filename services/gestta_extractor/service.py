"""A run: which scopes, in which order, and what is said of each."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Protocol
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog

from services.gestta_extractor.credentials import Credentials
from services.gestta_extractor.gestta_api import Page, Refused, TooLarge
from services.gestta_extractor.plan import SEARCH_OPEN, Block, blocks, turn
from services.gestta_extractor.token import Token
from shared.contracts.envelope import Envelope, first
from shared.contracts.events import (
    AuthExpiring,
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
from shared.extraction.record import Planned, Recorder
from shared.http import patiently
from shared.landing import Landing

log = structlog.get_logger()

OFFICE_TIME = ZoneInfo("America/Sao_Paulo")
OPEN_STATUSES = ("OPEN", "IMPEDIMENT")
TOO_LARGE = "too_large"
READS = 5
"""So often a scope is read in one run before it is told as failed."""


class Gestta(Protocol):
    """The API as a run needs it."""

    @property
    def calls(self) -> int: ...
    def report(self, token: str, first: date, last: date) -> Iterator[tuple[dict[str, Any], datetime]]: ...
    def search(self, token: str, status: str, page: int) -> Page: ...
    def task(self, token: str, task_id: str) -> tuple[dict[str, Any] | None, datetime]: ...
    def me(self, token: str) -> object: ...


@dataclass(frozen=True, slots=True)
class Range:
    """What the settings say about the range."""

    first_year: int
    last_year: int
    months: int
    every: timedelta
    requests_per_hour: int
    token_warning: timedelta
    task_url: str


@dataclass(slots=True)
class Extract:
    """Reads Gestta. One run at a time; facts go to the announcer, batches to the landing."""

    api: Gestta
    credentials: Credentials
    recorder: Recorder
    landing: Landing
    announcer: Announcer
    range: Range
    source: str
    now: Callable[[], datetime]
    stop: threading.Event
    wake: threading.Event = field(default_factory=threading.Event)
    _failing: dict[str, bool] = field(default_factory=dict)
    _auth_dead: bool | None = None
    _warned: datetime | None = None
    _whole: bool = False
    _running: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Read what is due. While the token is dead nothing is asked."""
        with self._running:
            whole, self._whole = self._whole, False
            if self._auth_dead and not self.credentials.has_news(self.now()):
                return
            try:
                self._scopes(whole)
            except AuthRejected as error:
                self._tell_dead(error)
            except (Transient, Rejected) as error:
                self._tell(LOOKUP_SCOPE, str(error))

    def look_for_token(self) -> None:
        """While the token is dead, look every few seconds whether another one lies there (a file that was replaced)."""
        if self._auth_dead and self.credentials.has_news(self.now()):
            self.wake.set()

    def on_token(self, event: Envelope[TokenSupplied]) -> Iterator[Fact]:
        """Try a supplied token now; a good one starts a catch-up run."""
        now = self.now()
        try:
            token = self.credentials.try_supplied(now)
        except AuthRejected as error:
            yield AuthFailed(
                system="gestta",
                status=error.status,
                hint=error.hint,
                expires_at=error.expires_at,
                still_working=self.credentials.still_working(now),
            )
            return
        if token is None:
            log.info("a token was announced but none lies there: it was taken already", by=event.data.by)
            return
        self._auth_dead = False
        yield AuthRecovered(system="gestta", hint=f"token given by {event.data.by}", expires_at=token.expires_at)
        self.wake.set()

    def on_run_now(self, event: Envelope[RunNow]) -> None:
        """A person wants everything read now: noted, and done by the next beat."""
        log.info("a run was asked for", by=event.data.by, scope=event.data.scope)
        self._whole = True
        self.wake.set()

    def run_whole_plan(self) -> bool:
        """For `--once`: everything; returns whether every scope was read."""
        self._whole = True
        self.run()
        return not self._auth_dead and not any(self._failing.values())

    def _scopes(self, whole: bool) -> None:
        calls = self.api.calls
        today = self.now().astimezone(OFFICE_TIME).date()
        too_large = set(self.recorder.memory.notes.get(TOO_LARGE, []))
        plan = blocks(
            today,
            first_year=self.range.first_year,
            last_year=self.range.last_year,
            months=self.range.months,
            too_large=too_large,
        )
        last = {scope: read.read_at for scope, read in self.recorder.memory.reads.items()}
        due = turn(plan, today=today, last_read=last, every=self.range.every, whole=whole)
        planned = [Planned(block.scope, every) for block, every in due.every.items()]
        planned += [Planned(SEARCH_OPEN, self.range.every), Planned(LOOKUP_SCOPE, self.range.every)]
        seen: dict[str, set[str]] = {}
        for block in due.now:
            if self.stop.is_set():
                return
            self._block(block, planned, seen)
        self._search(planned, seen)
        if not self.stop.is_set():
            budget = int(self.range.requests_per_hour * (self.range.every / timedelta(hours=1)))
            self._lookups(planned, seen, budget - (self.api.calls - calls))

    def _block(self, block: Block, planned: list[Planned], seen: dict[str, set[str]]) -> None:
        """Read one block; one that is too large is read in halves, and remembered so."""

        def rows(token: Token) -> Iterator[tuple[dict[str, Any], datetime]]:
            return self.api.report(token.value, block.first, block.last)

        try:
            self._patiently_read(block.scope, rows, planned, seen)
        except TooLarge as error:
            halves = block.halves()
            if halves is None:
                self._tell(block.scope, str(error))
                return
            log.info("a block is too large, halving it", scope=block.scope, reason=str(error))
            parts = [Planned(half.scope, self.range.every) for half in halves]
            rest = [p for p in planned if p.scope != block.scope]
            planned[:] = rest + parts
            for half in halves:
                self._block(half, planned, seen)
            if all(half.scope in seen for half in halves):
                notes = self.recorder.memory.notes
                notes[TOO_LARGE] = sorted({*notes.get(TOO_LARGE, []), block.scope})
        except (Transient, Rejected) as error:
            self._tell(block.scope, str(error))

    def _search(self, planned: list[Planned], seen: dict[str, set[str]]) -> None:
        """Open tasks of any age, also those whose due date lies outside the range."""
        try:
            self._patiently_read(SEARCH_OPEN, self._open_tasks, planned, seen)
        except (Transient, Rejected) as error:
            self._tell(SEARCH_OPEN, str(error))

    def _open_tasks(self, token: Token) -> Iterator[tuple[dict[str, Any], datetime]]:
        for status in OPEN_STATUSES:
            ids: set[str] = set()
            number, total = 1, None
            while True:
                page = self.api.search(token.value, status, number)
                fresh = [row for row in page.rows if _id(row) not in ids]
                ids.update(_id(row) for row in fresh)
                yield from ((row, page.read_at) for row in fresh)
                total = page.total if page.total is not None else total
                # Pages may repeat rows of the last one: what counts is what is new, and the total.
                if not fresh or page.is_last or (total is not None and len(ids) >= total):
                    break
                number += 1
            if total is not None and len(ids) < total:
                raise Transient(f"the search for {status} brought {len(ids)} of {total} tasks: its pages shifted")

    def _patiently_read(
        self,
        scope: str,
        rows: Callable[[Token], Iterator[tuple[dict[str, Any], datetime]]],
        planned: list[Planned],
        seen: dict[str, set[str]],
    ) -> None:
        """Read a scope again when it broke off or its pages shifted; too large stays too large."""

        def once() -> TooLarge | None:
            try:
                self._read(scope, rows, planned, seen)
            except TooLarge as error:
                return error
            return None

        too_large = patiently(once, tries=READS, longest=5.0)
        if too_large is not None:
            raise too_large

    def _read(
        self,
        scope: str,
        rows: Callable[[Token], Iterator[tuple[dict[str, Any], datetime]]],
        planned: list[Planned],
        seen: dict[str, set[str]],
    ) -> None:
        """Land one scope; a refused token is replaced once, if there is another."""
        before = self.recorder.memory.reads.get(scope)
        ids: set[str] = set()
        proof: dict[str, Any] = {}

        def counted(token: Token) -> Iterator[tuple[dict[str, Any], datetime]]:
            ids.clear()
            for row, read_at in rows(token):
                if row_id := _id(row):
                    ids.add(row_id)
                yield row, read_at
            proof["distinct_ids"] = len(ids)

        manifest = self._with_token(
            lambda token: self.recorder.land(
                scope, "full", counted(token), plan=planned, proof=proof, extra={"task_url": self.range.task_url}
            )
        )
        seen[scope] = ids
        self.announcer.batch_landed(manifest.batch_ref)
        self._tell_recovered(scope)
        held = (
            {_id_of(row.text) for row in self.landing.rows(before.batch_ref, sha256=before.sha256)} if before else set()
        )
        memory = self.recorder.memory
        memory.watch = watch.missed(memory.watch, scope=scope, held=held - {""}, seen=ids, at=manifest.read_to)

    def _lookups(self, planned: list[Planned], seen: Mapping[str, set[str]], budget: int) -> None:
        """Ask by id for what vanished; the batch carries the list, also when nobody was asked."""
        memory = self.recorder.memory
        shown: set[str] = set().union(*seen.values())
        memory.watch = watch.seen_elsewhere(memory.watch, shown)
        asked = watch.to_ask(memory.watch, budget=budget, now=self.now())
        answers: dict[str, tuple[watch.Answer, datetime]] = {}
        found: list[tuple[dict[str, Any], datetime]] = []
        for row_id in asked:
            if self.stop.is_set():
                return
            task, answer, at = self._with_token(partial(self._ask, row_id))
            answers[row_id] = (answer, at)
            if task is not None:
                found.append((task, at))
        if not asked and not memory.watch and LOOKUP_SCOPE in memory.reads:
            self._tell_recovered(LOOKUP_SCOPE)
            if self.now() - memory.reads[LOOKUP_SCOPE].read_at < self.range.every * 2:
                return
        memory.watch, removed = watch.answered(memory.watch, answers)
        proof = {"asked": len(asked), "found": len(found), "watched": len(memory.watch)}
        manifest = self.recorder.land(
            LOOKUP_SCOPE,
            "lookup",
            found,
            plan=planned,
            proof=proof,
            removed=removed,
            extra={"task_url": self.range.task_url},
        )
        self.announcer.batch_landed(manifest.batch_ref)
        self._tell_recovered(LOOKUP_SCOPE)

    def _ask(self, row_id: str, token: Token) -> tuple[dict[str, Any] | None, watch.Answer, datetime]:
        try:
            task, at = self.api.task(token.value, row_id)
        except Refused as refused:
            if refused.status == 403 and self._opens_anything(token):
                return None, "forbidden", self.now()
            raise
        return task, "found" if task is not None else "gone", at

    def _opens_anything(self, token: Token) -> bool:
        """A 403 may mean one forbidden endpoint: the cheapest call tells whether the token itself is dead."""
        try:
            self.api.me(token.value)
        except Refused:
            return False
        return True

    def _with_token(self, call: Callable[[Token], Any]) -> Any:
        token = self.credentials.get(self.now())
        for last_try in (False, True):
            try:
                result = call(token)
            except Refused as refused:
                if refused.status == 403 and self._opens_anything(token):
                    raise Rejected("Gestta forbids this one call (403): the account lacks the permission") from None
                self.credentials.refused(token, self.now())
                if last_try:
                    raise AuthRejected(
                        "gestta", refused.status, "two tokens were refused", expires_at=token.expires_at
                    ) from None
                token = self.credentials.get(self.now())
            else:
                self._tell_alive(token)
                return result
        raise AssertionError("unreachable")

    def _tell_alive(self, token: Token) -> None:
        if self._auth_dead is not False:
            self._note(AuthRecovered(system="gestta", expires_at=token.expires_at))
        self._auth_dead = False
        if self.credentials.renews_itself or token.expires_at is None or self._warned == token.expires_at:
            return
        if token.is_near_end(self.now(), self.range.token_warning):
            self._warned = token.expires_at
            hint = "nobody renews this token automatically: give a new one with `console token set gestta`"
            self._note(AuthExpiring(system="gestta", hint=hint, expires_at=token.expires_at))

    def _tell_dead(self, error: AuthRejected) -> None:
        if not self._auth_dead:
            log.warning("Gestta refused the token, nothing is asked until there is another", hint=error.hint)
            self._note(AuthFailed(system="gestta", status=error.status, hint=error.hint, expires_at=error.expires_at))
        self._auth_dead = True

    def _tell(self, scope: str, reason: str) -> None:
        log.warning("a scope could not be read, the last good data stays", scope=scope, reason=reason)
        if not self._failing.get(scope):
            self._note(SourceFailed(system="gestta", scope=scope, reason=reason))
        self._failing[scope] = True

    def _tell_recovered(self, scope: str) -> None:
        if self._failing.get(scope) is not False:
            self._note(SourceRecovered(system="gestta", scope=scope))
        self._failing[scope] = False

    def _note(self, fact: Fact) -> None:
        self.announcer.note(first(fact, source=self.source, time=self.now(), event_id=str(uuid4())))


def _id(row: Mapping[str, Any]) -> str:
    value = row.get("id") or row.get("_id")
    return value if isinstance(value, str) else ""


def _id_of(text: str) -> str:
    return _id(json.loads(text))
