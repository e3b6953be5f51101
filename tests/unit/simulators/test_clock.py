"""The simulators' clock: real time until it is set, then on from there at its own speed."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from simulators.clock import WorldClock

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
NEW_YEAR = datetime(2027, 1, 1, 3, tzinfo=UTC)


def test_it_is_the_real_time_until_it_is_set():
    real = [NOON]
    clock = WorldClock(lambda: real[0])
    real[0] += timedelta(hours=1)

    assert clock() == NOON + timedelta(hours=1)


@given(st.floats(0, 10_000), st.integers(0, 100_000))
def test_once_set_it_goes_on_from_there_as_fast_as_told(speed, seconds):
    real = [NOON]
    clock = WorldClock(lambda: real[0])
    clock.set(NEW_YEAR, speed)
    real[0] += timedelta(seconds=seconds)

    assert clock() == NEW_YEAR + timedelta(seconds=seconds) * speed


def test_setting_its_speed_again_leaves_what_has_passed():
    real = [NOON]
    clock = WorldClock(lambda: real[0])
    clock.set(NEW_YEAR, 60)
    real[0] += timedelta(minutes=1)
    clock.set(clock(), 1)
    real[0] += timedelta(minutes=1)

    assert clock() == NEW_YEAR + timedelta(hours=1, minutes=1)
