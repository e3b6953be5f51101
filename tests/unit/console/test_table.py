"""Rows as aligned text."""

from datetime import UTC, datetime, timedelta

import pytest

from services.console.table import aligned


def test_columns_are_as_wide_as_their_widest_cell():
    rows = [{"a": 1, "name": "x"}, {"a": 1000, "name": None}]
    assert aligned(rows) == "  a     name\n  1     x\n  1000  -"


def test_no_rows_are_said():
    assert aligned([]) == "  (none)"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (True, "yes"), (False, "no"), (0, "0"), (timedelta(minutes=7), "0:07:00"), ("ação", "ação")],
    ids=str,
)
def test_a_cell_is_for_people(value, text):
    assert aligned([{"x": value}]).splitlines()[1].strip() == text


def test_a_time_is_in_the_offices_zone_to_the_second():
    moment = datetime(2026, 11, 24, 10, 0, 0, 999, tzinfo=UTC)
    assert aligned([{"x": moment}]).splitlines()[1].strip() == "2026-11-24 07:00:00"
