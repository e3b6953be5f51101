"""Beats: on the grid, strictly later, never drifting."""

from hypothesis import example, given
from hypothesis import strategies as st

from shared.messaging.schedule import next_due

SECONDS = st.floats(0, 1e6)


@example(due=0.0, period=0.1, now=0.5)
@given(due=SECONDS, period=st.floats(0.1, 1e5), now=SECONDS)
def test_the_next_beat_is_strictly_later_and_at_most_a_period_away(due, period, now):
    following = next_due(due, period, now)
    assert following > now
    assert following >= due
    assert following <= max(due, now + period * 1.0001)


@given(due=st.integers(0, 10**6), period=st.integers(1, 10**5), late=st.integers(0, 10**7))
def test_missed_beats_come_once_and_the_grid_stays(due, period, late):
    following = next_due(due, period, due + late)
    assert (following - due) % period == 0
    assert following - period <= due + late < following


@given(due=SECONDS, period=st.floats(0.1, 1e5), early=st.floats(0.001, 1e5))
def test_a_beat_that_was_woken_early_keeps_its_time(due, period, early):
    assert next_due(due, period, due - early) in (due, due + period)
