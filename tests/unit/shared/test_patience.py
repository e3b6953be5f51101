"""When to ask again: as the other side says, else a few patient tries."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from shared.errors import Rejected, Transient
from shared.http import patiently, retry_after
from tests.unit.shared.pretended import Waits

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("7", 7.0, id="seconds"),
        pytest.param(" 0 ", 0.0, id="at once"),
        pytest.param(format_datetime(NOON + timedelta(seconds=90), usegmt=True), 90.0, id="a date"),
        pytest.param(format_datetime(NOON - timedelta(hours=1), usegmt=True), 0.0, id="a date that has passed"),
        pytest.param("Mon, 23 Nov 2026 09:01:00 -0300", 60.0, id="a date of another zone"),
        pytest.param("Mon, 23 Nov 2026 12:01:00 -0000", 60.0, id="a date of no zone is UTC"),
        pytest.param("soon", None, id="a word"),
        pytest.param("-5", None, id="less than nothing"),
        pytest.param("\u00b2", None, id="a digit that is no number"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value, seconds):
    assert retry_after({"Retry-After": value}, now=NOON) == seconds


def test_a_date_of_no_zone_is_not_the_machines(monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "America/Sao_Paulo")
        time.tzset()
        seconds = retry_after({"Retry-After": "Mon, 23 Nov 2026 12:01:00 -0000"}, now=NOON)
    time.tzset()
    assert seconds == 60.0


def test_who_asks_for_no_patience_gets_none():
    assert retry_after({}, now=NOON) is None


def failing(*errors: Exception) -> Callable[[], str]:
    left = list(errors)

    def ask() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return ask


def test_patience_waits_as_long_as_the_other_side_asked():
    waits = Waits()
    asked = failing(Transient("x", retry_after=7), Transient("x", retry_after=0), Transient("x", retry_after=-3))
    assert patiently(asked, tries=4, wait=waits) == "answer"
    assert waits == [7, 0, 0]


def test_patience_of_its_own_doubles_to_its_longest():
    waits = Waits()
    assert patiently(failing(*[Transient("x")] * 6), tries=7, longest=8, wait=waits) == "answer"
    assert [int(wait) for wait in waits] == pytest.approx([1, 2, 4, 8, 8, 8], abs=1)
    assert max(waits) <= 8


def test_patience_ends_with_the_last_error():
    waits = Waits()
    with pytest.raises(Transient, match="third"):
        patiently(failing(Transient("first"), Transient("second"), Transient("third")), tries=3, wait=waits)
    assert len(waits) == 2


def test_patience_is_for_what_may_work_again():
    waits = Waits()
    with pytest.raises(Rejected):
        patiently(failing(Rejected("never")), tries=9, wait=waits)
    assert waits == []
