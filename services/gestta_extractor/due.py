"""The calendar day of a deadline as Gestta writes it."""

from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

OFFICE_TIME = ZoneInfo("America/Sao_Paulo")


@lru_cache(maxsize=4096)
def office_day(text: str) -> date | None:
    """The office's day: a Brazilian midnight or end of day put into UTC; an exact UTC midnight is a bare date.

    None for what is no date.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    offset = moment.utcoffset()
    if offset is None or (not offset and moment.time() == time()):
        return moment.date()
    try:
        return moment.astimezone(OFFICE_TIME).date()
    except OverflowError:
        return None
