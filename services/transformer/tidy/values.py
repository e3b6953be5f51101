"""Columns of raw values to columns of typed ones. Each converter answers (typed, wrong).

Raw columns are of dtype object: NaN means the key is absent, None that the source says null. Typed columns are of
dtype object with str, bool, float or None; dates are ISO text, which Postgres casts.
"""

import html
import re
import unicodedata
from collections.abc import Callable
from typing import Any

import pandas as pd

Column = "pd.Series[Any]"
Converter = Callable[["pd.Series[Any]"], tuple["pd.Series[Any]", "pd.Series[Any]"]]

OFFICE_TIME = "America/Sao_Paulo"
HEAD_OFFICE = "0001"
LONGEST_KEY = 500
_SPACES = re.compile(r"\s+")
# With its semicolon: HTML reads "&not" and "&para" without one too, and a name may say "Festas&para todos".
_ENTITY = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);")
_OFFSET = re.compile(r"T.*[+-](?!00:?00$)[0-9]{2}:?[0-9]{2}$")


def is_absent(raw: "pd.Series[Any]") -> "pd.Series[Any]":
    """True where the row does not have the key: NaN differs from itself, None does not."""
    values = raw.to_numpy(dtype=object)
    return pd.Series(values != values, index=raw.index, dtype=bool)  # noqa: PLR0124


def text(raw: "pd.Series[Any]") -> tuple["pd.Series[Any]", "pd.Series[Any]"]:
    """NFC, entities decoded once, white space collapsed, empty as None; numbers as their digits."""
    return _by_value(raw, _text)


def document(raw: "pd.Series[Any]") -> tuple["pd.Series[Any]", "pd.Series[Any]"]:
    """CNPJ (14, also alphanumeric) or CPF (11) without punctuation, zeros restored; what is neither stays as it is."""
    return _by_value(raw, _document)


def client_key(codes: "pd.Series[Any]") -> "pd.Series[Any]":
    """A client's code as the office compares it: no blanks, no leading zeros, letters in upper case."""
    return codes.map(_client_key)


def is_too_long(texts: "pd.Series[Any]") -> "pd.Series[Any]":
    """True where a text cannot be a key: Postgres refuses a whole batch for one that does not fit an index page."""
    return texts.map(lambda value: isinstance(value, str) and len(value) > LONGEST_KEY).astype(bool)


def boolean(raw: "pd.Series[Any]") -> tuple["pd.Series[Any]", "pd.Series[Any]"]:
    """True, false or null."""
    return _by_value(raw, _boolean)


def number(raw: "pd.Series[Any]") -> tuple["pd.Series[Any]", "pd.Series[Any]"]:
    """A number, or text that is one."""
    return _by_value(raw, _number)


def moment(raw: "pd.Series[Any]") -> tuple["pd.Series[Any]", "pd.Series[Any]"]:
    """A point in time, as ISO text in UTC."""
    times, given, wrong = _times(raw)
    return _iso(times, "%Y-%m-%dT%H:%M:%S.%fZ", given), wrong


def day(raw: "pd.Series[Any]") -> tuple["pd.Series[Any]", "pd.Series[Any]"]:
    """A calendar day of the office.

    Deadlines are Brazilian midnights or ends of day put into UTC; a midnight that is written in UTC, or a text without
    a time, is a bare date and stays the day it says.
    """
    times, given, wrong = _times(raw)
    local = times.dt.tz_convert(OFFICE_TIME)
    # Nine in the evening in São Paulo, written so, is a midnight in UTC and yet no bare date.
    elsewhere = raw.map(lambda v: isinstance(v, str) and _OFFSET.search(v.rstrip()) is not None).astype(bool)
    bare = times.eq(times.dt.normalize()) & ~elsewhere
    return _iso(times.where(bare, local.dt.tz_localize(None).dt.tz_localize("UTC")), "%Y-%m-%d", given), wrong


def month(raw: "pd.Series[Any]") -> tuple["pd.Series[Any]", "pd.Series[Any]"]:
    """The first day of the month that a competence is about, whether its first day or its last instant was given."""
    days, wrong = day(raw)
    return days.map(lambda value: f"{value[:8]}01" if isinstance(value, str) else None), wrong


def _by_value(raw: "pd.Series[Any]", convert: Callable[[Any], Any]) -> tuple["pd.Series[Any]", "pd.Series[Any]"]:
    """Convert each distinct value once: a batch says the same words thousands of times."""
    known: dict[tuple[type, Any], Any] = {}
    converted, wrong = [], []
    for value in raw:
        key = (type(value), value) if isinstance(value, (str, int, float, bool)) else None
        if value is None or value != value:  # noqa: PLR0124  NaN
            result: Any = None
        elif key is None:
            result = _WRONG
        elif key in known:
            result = known[key]
        else:
            result = known[key] = convert(value)
        wrong.append(result is _WRONG)
        converted.append(None if result is _WRONG else result)
    return pd.Series(converted, index=raw.index, dtype=object), pd.Series(wrong, index=raw.index, dtype=bool)


_WRONG = object()


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return _WRONG
    if isinstance(value, float):
        value = int(value) if value.is_integer() else value
    words = str(value)
    if "&" in words:
        words = _ENTITY.sub(lambda entity: html.unescape(entity[0]), words)
    return _SPACES.sub(" ", unicodedata.normalize("NFC", words)).strip() or None


def _client_key(code: Any) -> str | None:
    if not isinstance(code, str):
        return None
    bare = _SPACES.sub("", code).upper()
    return (bare.lstrip("0") or "0") if bare else None


def _document(value: Any) -> Any:
    if isinstance(value, bool):
        return _WRONG
    words = _text(value)
    if words is None:
        return None
    bare = re.sub(r"[^0-9A-Z]", "", words.upper())
    cnpj, cpf = bare.zfill(14), bare.zfill(11)
    if _is_cpf(cpf) and not (_is_cnpj(cnpj) and cnpj[8:12] == HEAD_OFFICE):
        return cpf  # some CPFs pass as a CNPJ that lost three zeros, but of no head office
    return cnpj if _is_cnpj(cnpj) else bare or None


def _is_cnpj(text: str) -> bool:
    # Alphanumeric since 2026-07: a character counts as its ASCII code less 48, the two check digits stay digits.
    if not re.fullmatch(r"[0-9A-Z]{12}[0-9]{2}", text) or text == "0" * 14:
        return False
    return text[12:] == "".join(_check_digit(text[: 12 + i], highest=9) for i in (0, 1)) if _first_fits(text) else False


def _first_fits(text: str) -> bool:
    return text[12] == _check_digit(text[:12], highest=9)


def _is_cpf(text: str) -> bool:
    if not re.fullmatch(r"[0-9]{11}", text) or len(set(text)) == 1:
        return False
    return all(text[9 + i] == _check_digit(text[: 9 + i], highest=11) for i in (0, 1))


def _check_digit(body: str, *, highest: int) -> str:
    """Modulus 11 with weights from 2 upwards from the right, starting again after `highest`."""
    span = highest - 1
    total = sum((ord(c) - 48) * (2 + i % span) for i, c in enumerate(reversed(body)))
    rest = total % 11
    return "0" if rest < 2 else str(11 - rest)


def _boolean(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False, "1": True, "0": False}.get(str(value).strip().lower(), _WRONG)


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return _WRONG
    try:
        found = float(value)
    except OverflowError:
        return _WRONG
    except ValueError:
        return None if not value.strip() else _WRONG
    return found if abs(found) < 1e15 else _WRONG  # NaN and infinity are no numbers either


def _times(raw: "pd.Series[Any]") -> tuple["pd.Series[Any]", "pd.Series[Any]", "pd.Series[Any]"]:
    """(times in UTC, where a value is given, where it cannot be read)."""
    words = raw.where(raw.map(lambda v: isinstance(v, str)), None)
    words = words.map(lambda v: v.strip() or None if isinstance(v, str) else None)
    times = pd.to_datetime(words, utc=True, format="ISO8601", errors="coerce")
    given = times.notna()
    present = raw.notna() & ~raw.map(lambda v: isinstance(v, str) and not v.strip())
    sane = times.dt.year.between(1900, 2200)
    return times, given & sane, present & ~(given & sane)


def _iso(times: "pd.Series[Any]", pattern: str, given: "pd.Series[Any]") -> "pd.Series[Any]":
    words: pd.Series[Any] = times.dt.strftime(pattern).astype(object)
    return words.where(given, None)
