"""Points in time, and the office's calendar days."""

import re
from typing import Any

import numpy as np
import pandas as pd

from services.transformer.tidy.columns import WRONG

OFFICE_TIME = "America/Sao_Paulo"
BARE = "T00:00:00.000Z"
"""So ends the text of a bare date that Gestta put into UTC; a deadline is otherwise a midnight in São Paulo."""
_EARLIEST, _LATEST = np.datetime64("1900-01-01"), np.datetime64("2201-01-01")
# What has no zone of its own says the office's day.
_ZONE = re.compile(r"[tT ].*(?:[zZ]|[+-][0-9]{2}(?::?[0-9]{2})?)$")
_ELSEWHERE = re.compile(r"[tT ].*[+-](?!00(?::?00)?$)[0-9]{2}(?::?[0-9]{2})?$")
_DAYLIGHT_SAVING = np.timedelta64(-2, "h")
_LAST_SECOND, _HOUR = np.timedelta64(59 * 60 + 59, "s"), np.timedelta64(1, "h")

Times = np.ndarray[Any, np.dtype[np.datetime64]]


def moment(distinct: list[Any]) -> list[Any]:
    """A point in time, as ISO text in UTC with microseconds. What has no zone of its own says the office's time."""
    utc = _naive(_times(distinct).tz_convert(None))
    if any(unzoned := _unzoned(distinct)):
        standard = np.zeros(len(distinct), dtype=bool)
        office = pd.DatetimeIndex(utc).tz_localize(OFFICE_TIME, ambiguous=standard, nonexistent="shift_forward")
        utc = np.where(unzoned, _naive(office.tz_convert(None)), utc)
    return _texts([f"{text}Z" for text in np.datetime_as_string(utc, unit="us").tolist()], utc, distinct)


def day(distinct: list[Any]) -> list[Any]:
    """A calendar day of the office, as ISO text.

    Deadlines are Brazilian midnights or ends of day put into UTC. What is midnight in UTC, or has no time or no zone,
    is a bare date and stays the day it says.
    """
    times = _times(distinct)
    utc, local = _naive(times.tz_convert(None)), _naive(times.tz_convert(OFFICE_TIME).tz_localize(None))
    since_midnight = local - local.astype("datetime64[D]")
    # In the summers of daylight saving, an end of day that was written with the usual -03:00 falls into the next day.
    moved = (local - utc == _DAYLIGHT_SAVING) & (since_midnight >= _LAST_SECOND) & (since_midnight < _HOUR)
    midnight = utc == utc.astype("datetime64[D]")
    # Nine in the evening in São Paulo, written so, is a midnight in UTC and yet no bare date.
    elsewhere = [isinstance(v, str) and bool(_ELSEWHERE.search(v.strip())) for v in distinct]
    bare = np.array(_unzoned(distinct), dtype=bool) | (midnight & ~np.array(elsewhere, dtype=bool))
    days = np.where(bare, utc, np.where(moved, local - _HOUR, local))
    return _texts(np.datetime_as_string(days, unit="D").tolist(), utc, distinct)


def month(distinct: list[Any]) -> list[Any]:
    """The first day of the month that a competence is about, whether its first day or its last instant was given."""
    return [f"{found[:8]}01" if isinstance(found, str) else found for found in day(distinct)]


def _unzoned(distinct: list[Any]) -> list[bool]:
    return [isinstance(value, str) and not _ZONE.search(value.strip()) for value in distinct]


def _times(distinct: list[Any]) -> pd.DatetimeIndex:
    words = [value.strip() if isinstance(value, str) else None for value in distinct]
    return pd.DatetimeIndex(pd.to_datetime(np.array(words, dtype=object), utc=True, format="ISO8601", errors="coerce"))


def _naive(times: pd.DatetimeIndex) -> Times:
    return times.to_numpy(dtype="datetime64[us]")


def _texts(texts: list[str], utc: Times, distinct: list[Any]) -> list[Any]:
    good = (utc >= _EARLIEST) & (utc < _LATEST)  # false for what is no time at all
    if good.all():
        return list(texts)
    empty = [isinstance(value, str) and not value.strip() for value in distinct]
    return [t if g else None if e else WRONG for t, g, e in zip(texts, good, empty, strict=True)]
