"""The order of a refresh, with a portal and a memory that keep their word and can die at any step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.bi_refresher.refresh import Demand, Interrupted, Load, RefreshFailed, Run
from services.bi_refresher.service import Refresher
from shared.contracts.envelope import Envelope
from shared.contracts.events import AuthFailed, AuthRecovered, ReportRefreshed, WarehouseLoaded
from shared.errors import AuthRejected

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
GAP = timedelta(minutes=13)


class Crash(BaseException):
    """SIGKILL: nothing after it runs."""


@dataclass
class MemoryLog:
    """The tables as two lists; every method is committed when it returns."""

    requests: dict[str, tuple[Load, int | None]] = field(default_factory=dict)
    runs: dict[int, tuple[datetime, str | None]] = field(default_factory=dict)
    to_say: dict[int, tuple[Run, datetime]] = field(default_factory=dict)
    held: bool = False

    def last_refreshed(self) -> datetime | None:
        return max((start for start, outcome in self.runs.values() if outcome == "refreshed"), default=None)

    def note(self, load: Load, *, changed: int, now: datetime) -> None:
        self.requests.setdefault(load.event_id, (load, None))

    def demand(self) -> Demand:
        return Demand(max((s for s, _ in self.runs.values()), default=None), len(self._waiting()))

    def _waiting(self) -> list[Load]:
        return [load for load, run_id in self.requests.values() if run_id is None]

    @contextmanager
    def alone(self) -> Iterator[bool]:
        yield not self.held

    def begin(self, *, now: datetime) -> Run:
        self.runs[len(self.runs) + 1] = (now, None)
        return Run(len(self.runs), now, tuple(self._waiting()))

    def starts(self, run: Run, *, now: datetime) -> None:
        self.runs[run.run_id] = (now, None)

    def succeeded(self, run: Run, *, now: datetime) -> None:
        self.runs[run.run_id] = (run.started_at, "refreshed")
        self.requests |= {load.event_id: (load, run.run_id) for load in run.covers}
        self.to_say[run.run_id] = (run, now)

    def unsaid(self) -> list[tuple[Run, datetime]]:
        return list(self.to_say.values())

    def said(self, run: Run) -> None:
        del self.to_say[run.run_id]

    def failed(self, run: Run, *, now: datetime, reason: str, evidence: str | None) -> None:
        self.runs[run.run_id] = (run.started_at, "failed")


@dataclass
class Office:
    """A clock, a log that survives, a portal that counts its clicks, and a refresher that may be started anew."""

    gap: timedelta = GAP
    now: datetime = NOON
    log: MemoryLog = field(default_factory=MemoryLog)
    clicks: list[datetime] = field(default_factory=list)
    completed: list[datetime] = field(default_factory=list)
    fate: str = "well"
    signs_in: timedelta = timedelta(seconds=5)
    steps_of_the_clock: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.refresher = Refresher(
            runs=self.log,
            portal=self,
            gap=self.gap,
            now=lambda: self.now + self.steps_of_the_clock,
            ticks=self.ticks,
        )

    def ticks(self) -> float:
        return (self.now - NOON).total_seconds()

    def refresh(self, starts: Callable[[], None]) -> None:
        self.now += self.signs_in
        if self.fate == "dies before the click":
            raise Crash
        if self.fate == "refuses":
            raise AuthRejected("powerbi", 401, "senha recusada", evidence="evidence/a.png")
        starts()
        if self.fate == "stops":
            raise Interrupted
        self.clicks.append(self.now)
        if self.fate == "dies after the click":
            raise Crash
        self.now += timedelta(seconds=30)
        if self.fate == "fails":
            raise RefreshFailed("o gateway está offline", evidence="evidence/b.png")
        self.completed.append(self.now)
        if self.fate == "dies at the end":
            raise Crash

    def load(self, event_id: str, *, changed: int = 1, replay: str | None = None, refresh: bool = False) -> None:
        fact = WarehouseLoaded(
            system="gestta", batch_ref="b", scope="s", inserted=changed, updated=0, unchanged=5, removed=0, rejected=0
        )
        event = Envelope(
            id=event_id,
            source="/services/transformer",
            time=self.now,
            data=fact,
            correlationid=f"story of {event_id}",
            replay=replay,
            refresh=refresh,
        )
        self.refresher.note(event)

    def beat(self) -> list[Envelope]:
        try:
            return list(self.refresher.beat())
        except Crash:
            self.restart()
            return []

    def wait(self, time: timedelta) -> None:
        self.now += time


@pytest.fixture
def office() -> Office:
    return Office()


def facts(said: list[Envelope]) -> list[type]:
    return [type(envelope.data) for envelope in said]


def test_the_first_load_is_refreshed_at_once_and_the_fact_covers_it(office):
    office.load("a")
    recovered, done = office.beat()
    assert recovered.data == AuthRecovered(system="powerbi")
    assert done.data == ReportRefreshed(started_at=office.clicks[0], took_seconds=30, covers=("a",))
    assert (done.correlationid, done.causationid, done.replay) == ("story of a", "a", None)
    assert office.beat() == []


def test_loads_within_the_gap_are_answered_together_after_it(office):
    office.load("a")
    office.beat()
    for name in "bcd":
        office.load(name)
        assert office.beat() == []
    office.wait(GAP)
    [done] = office.beat()
    assert (done.data.covers, done.correlationid) == (("b", "c", "d"), "story of d")


def test_a_load_that_comes_while_a_refresh_runs_waits_for_the_next(office):
    office.load("a")
    first = office.log.begin

    def begin(*, now):
        run = first(now=now)
        office.load("late")
        return run

    office.log.begin = begin
    assert office.beat()[-1].data.covers == ("a",)
    office.wait(GAP)
    assert office.beat()[-1].data.covers == ("late",)


def test_the_same_load_asks_once(office):
    office.load("a")
    office.beat()
    office.load("a")
    office.wait(GAP)
    assert office.beat() == []


def test_a_failure_is_told_with_its_evidence_and_tried_again_after_the_gap(office):
    office.fate = "fails"
    office.load("a")
    [told] = office.beat()
    assert (told.data.reason, told.data.evidence, told.data.covers) == (
        "o gateway está offline",
        "evidence/b.png",
        ("a",),
    )
    assert office.beat() == []
    office.wait(GAP)
    [again] = office.beat()
    assert again.id != told.id
    office.fate = "well"
    office.wait(GAP)
    assert facts(office.beat()) == [AuthRecovered, ReportRefreshed]


def test_a_refused_sign_in_is_told_once_and_its_end_too(office):
    office.fate = "refuses"
    office.load("a")
    [refused] = office.beat()
    assert refused.data == AuthFailed(system="powerbi", status=401, hint="senha recusada", evidence="evidence/a.png")
    office.wait(GAP)
    assert office.beat() == []
    office.fate = "well"
    office.wait(GAP)
    assert facts(office.beat()) == [AuthRecovered, ReportRefreshed]
    office.load("b")
    office.wait(GAP)
    assert facts(office.beat()) == [ReportRefreshed]


def test_a_stop_in_mid_refresh_is_nobody_s_incident_and_the_load_waits(office):
    office.fate = "stops"
    office.load("a")
    assert office.beat() == []
    assert office.log.demand().pending == 1


def test_what_the_broker_did_not_hear_is_said_by_the_next_beat(office):
    office.load("a")
    unheard = next(office.refresher.beat())
    again, done = office.beat()
    assert (again, type(done.data)) == (unheard, ReportRefreshed)
    assert len(office.clicks) == 1


def test_a_refresher_that_died_before_the_broker_heard_of_its_refresh_says_it_when_it_is_back(office):
    office.load("a")
    saying = office.refresher.beat()
    _recovered, unheard = next(saying), next(saying)
    office.restart()
    assert office.beat() == [unheard]
    assert office.beat() == []
    assert len(office.clicks) == 1


def test_a_replay_that_ordered_a_refresh_gives_its_mark_only_where_nobody_else_asked(office):
    office.load("r", changed=0, replay="R1", refresh=True)
    recovered, done = office.beat()
    assert (recovered.replay, done.replay) == (None, "R1")
    office.load("a")
    office.load("r2", changed=0, replay="R1", refresh=True)
    office.wait(GAP)
    assert office.beat()[-1].replay is None


def test_while_another_refresher_works_this_one_waits(office):
    office.log.held = True
    office.load("a")
    assert office.beat() == []
    office.log.held = False
    assert facts(office.beat()) == [AuthRecovered, ReportRefreshed]


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1)], ids=["forward", "back"])
def test_a_clock_that_is_set_moves_no_refresh(office, step):
    office.load("a")
    office.beat()
    office.load("b")
    office.steps_of_the_clock = step
    office.wait(GAP - timedelta(minutes=1))
    assert office.beat() == []
    office.wait(timedelta(minutes=1))
    assert facts(office.beat()) == [ReportRefreshed]


def test_the_gap_counts_from_the_click_also_when_the_refresher_dies_right_after_it(office):
    office.signs_in = timedelta(seconds=90)
    office.fate = "dies after the click"
    office.load("a")
    office.beat()
    office.fate, office.signs_in = "well", timedelta(0)
    office.wait(GAP - timedelta(seconds=1))
    assert office.beat() == []
    office.wait(timedelta(seconds=1))
    assert facts(office.beat()) == [AuthRecovered, ReportRefreshed]


FATES = ["well", "fails", "refuses", "stops", "dies before the click", "dies after the click", "dies at the end"]
STEPS = st.one_of(
    st.tuples(st.just("load"), st.integers(0, 2)),
    st.tuples(st.just("replay"), st.booleans()),
    st.tuples(st.just("beat"), st.tuples(st.sampled_from(FATES), st.integers(0, 90))),
    st.tuples(st.just("wait"), st.integers(1, 300)),
    st.tuples(st.just("restart"), st.none()),
)


@settings(max_examples=300)
@given(steps=st.lists(STEPS, max_size=60), gap=st.integers(60, 300))
def test_never_two_clicks_inside_the_gap_and_always_one_after_the_last_load_that_changed(steps, gap):
    office = Office(gap=timedelta(seconds=gap))
    last_change = None
    for number, (step, value) in enumerate(steps):
        match step:
            case "load":
                office.load(f"load-{number}", changed=value)
                last_change = office.now if value else last_change
            case "replay":
                office.load(f"replay-{number}", replay="R", refresh=value)
            case "beat":
                office.fate, office.signs_in = value[0], timedelta(seconds=value[1])
                office.beat()
            case "wait":
                office.wait(timedelta(seconds=value))
            case "restart":
                office.restart()
    office.fate, office.signs_in = "well", timedelta(0)
    office.wait(office.gap)
    office.beat()
    assert all(later - earlier >= office.gap for earlier, later in pairwise(office.clicks))
    assert last_change is None or office.completed[-1] >= last_change
    assert office.log.demand().pending == 0
