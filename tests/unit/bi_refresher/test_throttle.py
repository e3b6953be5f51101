"""The table is the specification."""

from datetime import UTC, datetime, timedelta

import pytest

from services.bi_refresher.throttle import NothingPending, RefreshNow, WaitUntil, asks, decide

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("last_started", "pending", "expected"),
    [
        pytest.param(None, 0, NothingPending(), id="nothing happened yet"),
        pytest.param(NOON - 60 * MINUTE, 0, NothingPending(), id="nothing new since long ago"),
        pytest.param(None, 2, RefreshNow(covers=2), id="first loads ever"),
        pytest.param(NOON - 13 * MINUTE, 1, RefreshNow(covers=1), id="the gap has just passed"),
        pytest.param(NOON - 12 * MINUTE, 3, WaitUntil(NOON + MINUTE), id="one minute early"),
        pytest.param(NOON, 1, WaitUntil(NOON + 13 * MINUTE), id="a refresh has just begun"),
        pytest.param(NOON + MINUTE, 1, WaitUntil(NOON + 14 * MINUTE), id="the clock was set back"),
    ],
)
def test_refreshes_are_a_gap_apart_and_answer_every_load_that_waits(last_started, pending, expected):
    assert decide(now=NOON, last_started=last_started, pending=pending, gap=13 * MINUTE) == expected


@pytest.mark.parametrize(
    ("changed", "replay", "ordered", "last_refreshed", "expected"),
    [
        pytest.param(1, False, False, NOON, True, id="a row changed"),
        pytest.param(0, False, False, NOON - 60 * MINUTE, False, id="nothing changed, refreshed an hour ago"),
        pytest.param(0, False, False, NOON - 61 * MINUTE, True, id="nothing changed, the panel is stale"),
        pytest.param(0, False, False, None, True, id="nothing changed, never refreshed"),
        pytest.param(9, True, False, NOON - 61 * MINUTE, False, id="a replay nobody wanted refreshed"),
        pytest.param(0, True, True, NOON, True, id="a replay with a refresh ordered"),
    ],
)
def test_which_loads_ask_for_a_refresh(changed, replay, ordered, last_refreshed, expected):
    asked = asks(changed=changed, replay=replay, ordered=ordered, now=NOON, last_refreshed=last_refreshed)
    assert asked is expected
