"""What a refresh is: the loads it answers, how it ends, and what is said of it. Pure."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar
from uuid import NAMESPACE_URL, uuid5

from shared.browser.errors import PageFailed
from shared.contracts.envelope import Envelope
from shared.contracts.events import Fact, ReportRefreshed, ReportRefreshFailed

SOURCE = "/services/bi_refresher"

F = TypeVar("F", bound=Fact)


class RefreshFailed(PageFailed):
    """The portal was asked and did not refresh, in words for the office; it is asked again after the gap."""


class Interrupted(Exception):
    """The service was told to stop in mid-refresh: nobody's fault, the loads go on waiting."""


@dataclass(frozen=True, slots=True)
class Demand:
    """How things stand: when the last refresh started, and how many loads wait for one."""

    last_started: datetime | None
    pending: int


@dataclass(frozen=True, slots=True)
class Load:
    """A load that waits for a refresh."""

    event_id: str
    correlation_id: str
    replay: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """One refresh, begun for `covers` (oldest first, never empty)."""

    run_id: int
    started_at: datetime
    covers: tuple[Load, ...] = field(repr=False)

    @property
    def event_ids(self) -> tuple[str, ...]:
        return tuple(load.event_id for load in self.covers)


def refreshed(run: Run, *, now: datetime) -> Envelope[ReportRefreshed]:
    """The panel shows what `run` covers."""
    took = (now - run.started_at).total_seconds()
    return told(run, ReportRefreshed(started_at=run.started_at, took_seconds=took, covers=run.event_ids), now=now)


def failed(run: Run, why: RefreshFailed, *, now: datetime) -> Envelope[ReportRefreshFailed]:
    """The loads of `run` still wait, and why."""
    fact = ReportRefreshFailed(
        started_at=run.started_at,
        took_seconds=(now - run.started_at).total_seconds(),
        covers=run.event_ids,
        reason=why.reason,
        evidence=why.evidence,
    )
    return told(run, fact, now=now)


def told(run: Run, fact: F, *, now: datetime) -> Envelope[F]:
    """`fact` as a consequence of the newest load that `run` covers.

    The id is the run's, not the load's: a second failure for the same load is news of its own. It counts as caused by
    a replay only when nothing but replays asked, else the notifier would not listen.
    """
    newest = run.covers[-1]
    only_replays = all(load.replay for load in run.covers)
    return Envelope(
        id=str(uuid5(NAMESPACE_URL, f"{SOURCE}/runs/{run.run_id}/{newest.event_id}/{fact.TYPE}")),
        source=SOURCE,
        time=now,
        data=fact,
        correlationid=newest.correlation_id,
        causationid=newest.event_id,
        replay=newest.replay if only_replays else None,
    )


def about_the_credential(run: Run, fact: F, *, now: datetime) -> Envelope[F]:
    """A refused or accepted sign-in is everybody's business, whoever caused the refresh that met it."""
    return replace(told(run, fact, now=now), replay=None)
