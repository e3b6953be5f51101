"""How long what the loads leave behind is kept."""

from datetime import UTC, datetime, timedelta

import pytest

from services.transformer.retention import old

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "days"),
    [("load", 90), ("measure", 90), ("event", 100), ("decision", 100), ("rejected_row", 7)],
)
def test_what_is_older_than_so_many_days_is_old(kind, days):
    assert NOW - getattr(old(NOW), kind) == timedelta(days=days)


def test_an_event_is_known_for_longer_than_the_journal_and_the_landing_hold_it():
    assert old(NOW).event < old(NOW).load <= NOW - timedelta(days=90)
