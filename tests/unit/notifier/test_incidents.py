"""Incidents end the same, however their signals arrive."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.incidents import WHOLE, Failing, Working, fold

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def failing(minute, member=WHOLE):
    return Failing(incident="source/gestta", member=member, at=NOON + minute * MINUTE, details={"reason": "500"})


def working(minute, member=WHOLE, **more):
    return Working(incident="source/gestta", member=member, at=NOON + minute * MINUTE, **more)


def after(*signals):
    incident = None
    for number, signal in enumerate(signals):
        incident = fold(incident, signal, heard_at=NOON + timedelta(seconds=number))
    return incident


@pytest.mark.parametrize(
    ("signals", "is_open"),
    [
        pytest.param([failing(0)], True, id="fails"),
        pytest.param([failing(0), failing(1)], True, id="fails twice"),
        pytest.param([failing(0), working(1)], False, id="works again"),
        pytest.param([working(1), failing(0)], False, id="a failure from before the recovery comes late"),
        pytest.param([working(0), failing(1)], True, id="worked once, fails now"),
        pytest.param([failing(1), working(0)], True, id="a recovery from before the failure comes late"),
        pytest.param([failing(0), working(0)], False, id="in the same millisecond"),
        pytest.param([failing(0, "a"), failing(0, "b"), working(1, "a")], True, id="one of two scopes works"),
        pytest.param([failing(0, "a"), failing(0, "b"), working(1, None)], False, id="everything works"),
        pytest.param([failing(0, "a"), working(1, None, spared="a")], True, id="all but what is spared"),
    ],
)
def test_an_incident_is_open_while_a_member_fails(signals, is_open):
    assert is_open is after(*signals).is_open


def test_a_recovery_of_everything_where_nothing_is_known_leaves_nothing():
    assert after(working(0, None)) is None


def test_a_new_failure_after_the_end_is_a_new_incident():
    assert after(failing(0), working(1), failing(5)).opened_at == NOON + 5 * MINUTE


def test_the_end_of_a_warning_that_became_real_is_no_news():
    incident = after(failing(0), working(1, None, quietly=True))

    assert incident.recovery_said_at is not None


def test_how_often_it_failed_is_counted_until_it_works():
    assert after(failing(0), failing(1), failing(2)).members[WHOLE].times == 3
    assert after(failing(0), failing(1), working(2), failing(3)).members[WHOLE].times == 1


scopes = st.sampled_from(["a", "b", "c"])
news = st.lists(
    st.builds(lambda make, m, s: make(m, s), st.sampled_from([failing, working]), st.integers(0, 9), scopes)
)


@given(news, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(signals, random):
    shuffled = list(signals)
    random.shuffle(shuffled)
    one, other = after(*signals), after(*shuffled)

    assert (one.failing.keys() if one else None) == (other.failing.keys() if other else None)
    if one:
        assert one.is_open is bool(one.failing)
