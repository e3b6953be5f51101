"""Which day a deadline is, as Gestta writes it."""

from datetime import date

import pytest

from services.gestta_extractor.due import office_day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        pytest.param("2026-10-15T03:00:00.000Z", date(2026, 10, 15), id="midnight in São Paulo"),
        pytest.param("2026-10-16T02:59:59.999Z", date(2026, 10, 15), id="the end of the day in São Paulo"),
        pytest.param("2026-10-15T00:00:00.000Z", date(2026, 10, 15), id="an exact midnight in UTC is a bare date"),
        pytest.param("2026-10-15", date(2026, 10, 15), id="a bare date"),
        pytest.param("2026-10-15T22:00:00-03:00", date(2026, 10, 15), id="with its offset"),
        pytest.param("2018-12-01T02:00:00.000Z", date(2018, 12, 1), id="midnight in a summer with daylight saving"),
        pytest.param("0001-01-01T01:00:00Z", None, id="a day before the calendar begins"),
        pytest.param("soon", None, id="no date"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_the_day_of_a_deadline(text, day):
    assert office_day(text) == day
