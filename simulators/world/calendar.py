"""The Brazilian working calendar: national holidays, weekends, and where a deadline moves."""

from datetime import date, datetime, timedelta, timezone
from functools import cache

import holidays

# Brazil has had no daylight saving since 2019, and slim images carry no time zone data.
BRASILIA = timezone(timedelta(hours=-3), "America/Sao_Paulo")
DAY = timedelta(days=1)


@cache
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("BR", years=year))


def is_business_day(day: date) -> bool:
    return day.weekday() < 5 and day not in _holidays(day.year)


def on_or_after(day: date) -> date:
    while not is_business_day(day):
        day += DAY
    return day


def on_or_before(day: date) -> date:
    while not is_business_day(day):
        day -= DAY
    return day


def business_days_before(day: date, count: int) -> date:
    for _ in range(count):
        day = on_or_before(day - DAY)
    return day


def nth_business_day(month: date, nth: int) -> date:
    day = on_or_after(month)
    for _ in range(nth - 1):
        day = on_or_after(day + DAY)
    return day


def last_day(month: date) -> date:
    return add_months(month, 1) - DAY


def add_months(month: date, count: int) -> date:
    """The first day of the month `count` months on."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def local_date(moment: datetime) -> date:
    """The office's calendar day of a moment."""
    return moment.astimezone(BRASILIA).date()


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BRASILIA)
