"""The order of a refresh: the demand is stored, a beat asks the throttle, the start is committed before the click."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from services.bi_refresher.refresh import (
    Demand,
    Interrupted,
    Load,
    RefreshFailed,
    Run,
    about_the_credential,
    failed,
    refreshed,
)
from services.bi_refresher.throttle import RefreshNow, asks, decide
from shared.contracts.envelope import Envelope
from shared.contracts.events import AuthFailed, AuthRecovered, Fact, WarehouseLoaded
from shared.errors import AuthRejected

log = structlog.get_logger()


class RefreshLog(Protocol):
    """The memory of demands and refreshes, shared by all refreshers."""

    def last_refreshed(self) -> datetime | None: ...
    def note(self, load: Load, *, changed: int, now: datetime) -> None: ...
    def demand(self) -> Demand: ...
    def alone(self) -> AbstractContextManager[bool]: ...
    def begin(self, *, now: datetime) -> Run: ...
    def starts(self, run: Run, *, now: datetime) -> None: ...
    def succeeded(self, run: Run, *, now: datetime) -> None: ...
    def unsaid(self) -> list[tuple[Run, datetime]]: ...
    def said(self, run: Run) -> None: ...
    def failed(self, run: Run, *, now: datetime, reason: str, evidence: str | None) -> None: ...


class Portal(Protocol):
    """The panel's page."""

    def refresh(self, starts: Callable[[], None]) -> None:
        """Refresh and return when the portal itself says that it is done.

        `starts` is called right before the click and once more when the portal shows that it took it.
        Raises `RefreshFailed`, `AuthRejected`, `Interrupted`.
        """


@dataclass(slots=True)
class Refresher:
    """WarehouseLoaded in; ReportRefreshed or ReportRefreshFailed out, at most one refresh per gap."""

    runs: RefreshLog
    portal: Portal
    gap: timedelta
    now: Callable[[], datetime]
    ticks: Callable[[], float]
    """Seconds of a clock that nobody sets (monotonic)."""
    _unsaid: deque[Envelope[Fact]] = field(default_factory=deque)
    """What is told of a failure or the credential: the next attempt tells it anew, so it may die with the process."""
    _refused: bool | None = None
    """Whether the last sign-in was refused; None until the first one."""
    _own_start: tuple[datetime, float] | None = None

    def note(self, event: Envelope[WarehouseLoaded]) -> None:
        """Store the demand of a load, once, and return; the beat answers it."""
        now, changed = self.now(), event.data.changed
        if asks(
            changed=changed,
            replay=event.replay is not None,
            ordered=event.refresh,
            now=now,
            last_refreshed=self.runs.last_refreshed(),
        ):
            self.runs.note(Load(event.id, event.correlationid, event.replay), changed=changed, now=now)

    def beat(self) -> Iterator[Envelope[Fact]]:
        """Refresh when it is time; say what came of it, again and again until the broker has heard it."""
        if self._is_time():
            with self.runs.alone() as alone:
                # Another refresher may have been faster between the look and the lock.
                if alone and self._is_time():
                    self._refresh()
        while self._unsaid:
            yield self._unsaid[0]
            self._unsaid.popleft()
        for run, ended_at in self.runs.unsaid():
            yield refreshed(run, now=ended_at)
            self.runs.said(run)

    def _is_time(self) -> bool:
        now, demand = self.now(), self.runs.demand()
        last = self._as_it_was(demand.last_started, now)
        return isinstance(decide(now=now, last_started=last, pending=demand.pending, gap=self.gap), RefreshNow)

    def _as_it_was(self, last_started: datetime | None, now: datetime) -> datetime | None:
        """The start that this process made itself is as long ago as it is, also when the machine's clock was set."""
        if self._own_start is None or self._own_start[0] != last_started:
            return last_started
        return now - timedelta(seconds=self.ticks() - self._own_start[1])

    def _refresh(self) -> None:
        run = self.runs.begin(now=self.now())
        self._own_start = (run.started_at, self.ticks())

        def starts() -> None:
            nonlocal run
            run = replace(run, started_at=self.now())
            self.runs.starts(run, now=run.started_at)
            self._own_start = (run.started_at, self.ticks())

        log.info("refreshing", run_id=run.run_id, covers=len(run.covers))
        try:
            self.portal.refresh(starts)
        except Interrupted:
            self.runs.failed(run, now=self.now(), reason="o serviço foi parado durante a atualização", evidence=None)
            log.info("refresh interrupted", run_id=run.run_id)
        except AuthRejected as refusal:
            self._is_refused(run, refusal)
        except RefreshFailed as why:
            now = self.now()
            self.runs.failed(run, now=now, reason=why.reason, evidence=why.evidence)
            log.warning("refresh failed", run_id=run.run_id, reason=why.reason, evidence=why.evidence)
            self._unsaid.append(failed(run, why, now=now))
        else:
            self._is_done(run)

    def _is_refused(self, run: Run, refusal: AuthRejected) -> None:
        # One cause, one message: the refused credential is told, not the refresh that failed of it.
        now = self.now()
        self.runs.failed(run, now=now, reason=refusal.hint, evidence=refusal.evidence)
        log.warning("sign-in refused", run_id=run.run_id, reason=refusal.hint, evidence=refusal.evidence)
        if self._refused is not True:
            fact = AuthFailed(system="powerbi", status=refusal.status, hint=refusal.hint, evidence=refusal.evidence)
            self._unsaid.append(about_the_credential(run, fact, now=now))
            self._refused = True

    def _is_done(self, run: Run) -> None:
        now = self.now()
        self.runs.succeeded(run, now=now)
        log.info("refreshed", run_id=run.run_id, took_seconds=round((now - run.started_at).total_seconds(), 1))
        if self._refused is not False:
            self._unsaid.append(about_the_credential(run, AuthRecovered(system="powerbi"), now=now))
            self._refused = False
