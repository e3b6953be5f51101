"""What happens to a message, as tables."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.envelope import Envelope, first
from shared.contracts.events import SourceRecovered
from shared.errors import AuthRejected, Outage, Rejected, RoadClosed, Transient
from shared.messaging.retry import Park, Retry, verdict
from shared.messaging.schedule import next_due
from shared.messaging.settle import Done, Failed, settle

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FACT = SourceRecovered(system="gestta", scope="search:open")
EVENT: Envelope[SourceRecovered] = first(FACT, source="/services/test", time=NOON, event_id="e1")


@pytest.mark.parametrize(
    ("error", "attempt", "expected"),
    [
        pytest.param(Transient("x"), 1, ("10s", 2), id="first failure waits ten seconds"),
        pytest.param(Transient("x"), 2, ("1m", 3), id="second failure waits a minute"),
        pytest.param(Transient("x"), 3, ("10m", 4), id="third failure waits ten minutes"),
        pytest.param(Transient("x"), 4, "park", id="fourth failure is parked"),
        pytest.param(ZeroDivisionError("x"), 1, ("10s", 2), id="an unknown error is tried again"),
        pytest.param(Outage("database", "x"), 1, ("1m", 1), id="an outage is not counted"),
        pytest.param(Outage("database", "x"), 4, ("1m", 4), id="an outage never parks"),
        pytest.param(Rejected("x"), 1, "park", id="what will never work is parked at once"),
        pytest.param(AuthRejected("gestta", 401, "x"), 1, "park", id="a refused credential is parked at once"),
    ],
)
def test_a_failure_is_retried_later_or_parked(error, attempt, expected):
    decision = verdict(error, attempt=attempt)
    if expected == "park":
        assert isinstance(decision, Park)
    else:
        assert isinstance(decision, Retry)
        assert (decision.delay, decision.attempt) == expected


def test_the_line_after_a_yield_runs_only_when_the_fact_was_heard():
    order = []

    def handler(_event):
        yield FACT
        order.append("after the first")
        yield FACT

    outcome = settle(EVENT, handler, attempt=1, publish=lambda _fact: order.append("published"))
    assert order == ["published", "after the first", "published"]
    assert outcome == Done(said=2, attempt=1)


def test_a_closed_road_decides_nothing():
    def publish(_fact):
        raise RoadClosed("gone")

    with pytest.raises(RoadClosed):
        settle(EVENT, lambda _event: [FACT], attempt=1, publish=publish)


def test_what_a_handler_raises_becomes_an_outcome():
    def handler(_event):
        raise Rejected("not readable")

    outcome = settle(EVENT, handler, attempt=1, publish=lambda _fact: None)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.then, Park)


@given(due=st.floats(0, 1e6), period=st.floats(0.1, 1e4), late=st.floats(0, 1e5))
def test_a_beat_stays_on_its_grid_and_missed_ones_count_once(due, period, late):
    now = due + late
    following = next_due(due, period, now)
    assert now < following or following == pytest.approx(now)
    assert following <= now + period * (1 + 1e-6)
    steps = (following - due) / period
    assert steps == pytest.approx(round(steps), abs=1e-4)
