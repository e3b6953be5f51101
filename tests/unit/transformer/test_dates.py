"""Points in time and the office's days, around midnight, month ends and daylight saving."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.transformer.tidy import dates
from services.transformer.tidy.columns import ABSENT, WRONG, typed
from tests.unit.transformer.raw import one

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
ANY_DAY = st.dates(date(2007, 1, 1), date(2030, 12, 31))
DAYLIGHT_SAVING_DAY = st.dates(date(2008, 1, 1), date(2019, 12, 31))
MONTH_ENDS = st.builds(
    lambda y, m, d: date(y, m, 1) - timedelta(days=d), st.integers(2008, 2030), st.integers(1, 12), st.integers(-1, 1)
)
DAYS = ANY_DAY | DAYLIGHT_SAVING_DAY | MONTH_ENDS


def utc(moment):
    """As Gestta writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("2026-11-10T03:00:00.000Z", "2026-11-10"),
        ("2026-11-11T02:59:59.999Z", "2026-11-10"),
        ("2026-11-11T02:59:59Z", "2026-11-10"),
        ("2026-11-10T00:00:00.000Z", "2026-11-10"),
        ("2026-11-10", "2026-11-10"),
        (" 2026-11-10 ", "2026-11-10"),
        ("2026-11-10T00:00:00", "2026-11-10"),
        ("2026-11-10T00:00:00-03:00", "2026-11-10"),
        ("2026-11-10T23:59:59-03:00", "2026-11-10"),
        ("2026-11-10T21:00:00.000-03:00", "2026-11-10"),
        ("2026-11-10T21:00:00-0300", "2026-11-10"),
        ("2026-11-10T00:00:00.000+00:00", "2026-11-10"),
        ("2026-11-11T02Z", "2026-11-10"),
        ("2026-11-11 02:59:59Z", "2026-11-10"),
        ("2026-11-10T22:30", "2026-11-10"),
        ("2019-01-11T02:59:59.999Z", "2019-01-10"),
        ("2019-01-11T03:00:00.000Z", "2019-01-11"),
        ("2026-11-01T02:59:59.999Z", "2026-10-31"),
        ("2026-12-01T03:00:00.000Z", "2026-12-01"),
        ("2027-01-01T02:59:59.999Z", "2026-12-31"),
        ("2024-03-01T02:59:59.999Z", "2024-02-29"),
        ("2018-12-10T02:00:00.000Z", "2018-12-10"),
        ("2018-12-11T01:59:59.999Z", "2018-12-10"),
        ("2018-11-04T03:00:00.000Z", "2018-11-04"),
        ("2019-02-17T02:59:59.999Z", "2019-02-16"),
        ("2019-12-10T03:00:00.000Z", "2019-12-10"),
        ("1900-01-01", "1900-01-01"),
        ("2200-12-31", "2200-12-31"),
        (None, None),
        (ABSENT, None),
        ("", None),
        ("  ", None),
        ("soon", WRONG),
        ("10/11/2026", WRONG),
        ("2026-02-30", WRONG),
        ("1899-12-31", WRONG),
        ("2201-01-02", WRONG),
        ("9999-12-31T23:59:59.999Z", WRONG),
        ("0001-01-01T00:00:00Z", WRONG),
        ("292277026596-12-04", WRONG),
        (1_762_743_600_000, WRONG),
        (True, WRONG),
        ({}, WRONG),
        (["2026-11-10"], WRONG),
    ],
    ids=[
        "Brazilian midnight",
        "last instant",
        "last second",
        "bare date as UTC midnight",
        "bare date",
        "blanks around",
        "no zone",
        "midnight with its offset",
        "end with its offset",
        "nine in the evening is not a bare date",
        "offset without a colon",
        "UTC midnight with its offset",
        "an hour alone",
        "a blank for the T",
        "an evening without a zone",
        "the usual last instant in daylight saving",
        "the usual midnight in daylight saving",
        "end of October",
        "first of December",
        "end of the year",
        "leap day",
        "midnight in daylight saving",
        "last instant in daylight saving",
        "the day the clock sprang forward",
        "the day the clock fell back",
        "December without daylight saving",
        "oldest",
        "farthest",
        "null",
        "absent",
        "empty",
        "blank",
        "a word",
        "Brazilian order",
        "no such day",
        "too old",
        "too far",
        "year 9999",
        "year 1",
        "beyond any calendar",
        "epoch number",
        "boolean",
        "object",
        "list",
    ],
)
def test_a_day_is_the_offices_day(raw, day):
    assert one(dates.day, raw) == day


@pytest.mark.parametrize(
    ("raw", "month"),
    [
        ("2026-06-01T03:00:00.000Z", "2026-06-01"),
        ("2026-07-01T02:59:59.999Z", "2026-06-01"),
        ("2026-06-01T00:00:00.000Z", "2026-06-01"),
        ("2026-06-15", "2026-06-01"),
        ("2027-01-01T02:59:59.999Z", "2026-12-01"),
        ("2018-12-01T01:59:59.999Z", "2018-11-01"),
        (None, None),
        ("06/2026", WRONG),
    ],
    ids=[
        "first day",
        "last instant",
        "bare",
        "in the middle",
        "December's end",
        "in daylight saving",
        "null",
        "a month's name",
    ],
)
def test_a_competence_is_its_month_whichever_way_it_is_written(raw, month):
    assert one(dates.month, raw) == month


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("2026-11-24T10:00:00.000Z", "2026-11-24T10:00:00.000000Z"),
        ("2026-11-24T10:00:00-03:00", "2026-11-24T13:00:00.000000Z"),
        ("2026-06-27T17:01:50.253+00:00", "2026-06-27T17:01:50.253000Z"),
        ("2026-11-24", "2026-11-24T03:00:00.000000Z"),
        ("2026-11-24T22:30:00", "2026-11-25T01:30:00.000000Z"),
        ("2018-11-04", "2018-11-04T03:00:00.000000Z"),
        ("2018-02-17T23:30", "2018-02-18T02:30:00.000000Z"),
        (None, None),
        ("yesterday", WRONG),
        (12, WRONG),
    ],
    ids=[
        "UTC",
        "offset",
        "milliseconds and offset",
        "a day begins in the office",
        "no zone is the office's",
        "a midnight that the clock skips",
        "an hour that the clock has twice",
        "null",
        "a word",
        "number",
    ],
)
def test_a_moment_is_in_utc(raw, moment):
    assert one(dates.moment, raw) == moment


@given(st.dates(date(1920, 1, 1), date(2199, 12, 31)))
def test_the_moment_of_a_bare_day_is_on_that_day_in_the_office(day):
    found = datetime.fromisoformat(str(one(dates.moment, day.isoformat())))
    assert found.astimezone(SAO_PAULO).date() == day


def test_one_value_that_cannot_be_read_spoils_no_other():
    column = typed(["2026-11-10", "soon", None, "9999-01-01", "2026-11-11T02:59:59Z"], dates.day)
    assert column.rows() == ["2026-11-10", None, None, None, "2026-11-10"]
    assert column.is_wrong.tolist() == [False, True, False, True, False]


@pytest.mark.parametrize("convert", [dates.day, dates.month, dates.moment])
def test_a_column_of_nothing_is_nothing(convert):
    for raw in ([], [None, None], [ABSENT], ["", " "]):
        column = typed(raw, convert)
        assert column.rows() == [None] * len(raw)
        assert not column.is_wrong.any()


# The hour after midnight is left out where the clocks stand an hour ahead: see the test of the usual offset.
@settings(deadline=None)
@given(DAYS, st.integers(1, 86_400_000 - 1).filter(lambda ms: not 3_599_000 <= ms < 3_600_000))
def test_a_moment_of_a_day_in_sao_paulo_is_that_day(day, milliseconds):
    local = datetime(day.year, day.month, day.day, tzinfo=SAO_PAULO) + timedelta(milliseconds=milliseconds)
    moment = local.astimezone(UTC)
    expected = moment.astimezone(SAO_PAULO).date()  # a clock that springs forward at midnight skips an hour
    if (moment.hour, moment.minute, moment.second, moment.microsecond) != (0, 0, 0, 0):
        assert one(dates.day, utc(moment)) == str(expected)


@settings(deadline=None)
@given(DAYS)
def test_a_deadline_at_midnight_or_at_the_days_end_never_moves(day):
    midnight = datetime(day.year, day.month, day.day, tzinfo=SAO_PAULO)
    ends = datetime(day.year, day.month, day.day, 23, 59, 59, 999_000, tzinfo=SAO_PAULO)
    for moment in (midnight, ends, ends.replace(fold=1), ends.replace(microsecond=0)):
        assert one(dates.day, utc(moment)) == str(day)
        assert one(dates.month, utc(moment)) == str(day.replace(day=1))


@settings(deadline=None)
@given(DAYS)
def test_a_deadline_written_with_the_usual_offset_never_moves_in_daylight_saving_either(day):
    """Gestta's own documented forms: T03:00:00.000Z, and T02:59:59.999Z of the next day."""
    following = day + timedelta(days=1)
    for text in (
        f"{day}T03:00:00.000Z",
        f"{following}T02:59:59.999Z",
        f"{following}T02:59:59Z",
        f"{day}T00:00:00-03:00",
        f"{day}T23:59:59-03:00",
        f"{day}T23:59:59.999-0300",
        f"{day}T00:00:00.000Z",
        f"{day}T15:30:00",
        str(day),
    ):
        assert one(dates.day, text) == str(day), text
        assert one(dates.month, text) == str(day.replace(day=1)), text


OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@settings(deadline=None)
@given(st.dates(date(1901, 1, 1), date(2199, 12, 31)), st.times(timezones=OFFSETS))
def test_a_moment_is_the_same_moment_in_utc(day, time):
    moment = datetime.combine(day, time)
    found = one(dates.moment, moment.isoformat())
    assert found.endswith("Z")
    assert datetime.fromisoformat(found) == moment
