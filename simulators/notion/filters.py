"""Query filters: checked as Notion checks them, compiled into one test of a page.

Source: developers.notion.com, "Filter data source entries"; the granularity of dates from recorded queries.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from simulators.notion.errors import NotionError, validation
from simulators.notion.model import DataSource, Page
from simulators.notion.schema import Property
from simulators.notion.values import plain

Test = Callable[[Page], bool]
Check = Callable[[Any], bool]
TIMESTAMPS = ("created_time", "last_edited_time")
TEXTS = frozenset({"title", "rich_text", "url", "email", "phone_number"})
PEOPLE = frozenset({"people", "created_by", "last_edited_by"})
DATES = frozenset({"date", "created_time", "last_edited_time"})
# Filter names that may be used for one another, as the kinds of columns that share their conditions.
KINDRED = (TEXTS, PEOPLE, DATES)
DEPTH = 2


@dataclass(slots=True)
class Filter:
    """A compiled filter. `since` are lower bounds of page times that every match keeps: they spare a full scan."""

    matches: Test
    since: dict[str, str] = field(default_factory=dict)


EVERYTHING = Filter(lambda _page: True)


def compile_filter(given: Any, source: DataSource, now: datetime) -> Filter:
    """The test that a filter means. Raises NotionError 400 for a filter that Notion would not take."""
    return _compile(given, source, now, depth=0)


def _compile(given: Any, source: DataSource, now: datetime, depth: int) -> Filter:
    if not isinstance(given, dict):
        raise _malformed("body.filter should be an object")
    for word in ("and", "or"):
        if word in given:
            return _compound(word, given[word], source, now, depth)
    if "timestamp" in given:
        return _of_timestamp(given, now)
    if "property" in given:
        return _of_property(given, source, now)
    raise _malformed("body.filter.or, body.filter.and, body.filter.property or body.filter.timestamp should be defined")


def _compound(word: str, branches: Any, source: DataSource, now: datetime, depth: int) -> Filter:
    if depth == DEPTH:
        raise _malformed(f"body.filter can be nested {DEPTH} levels deep at most")
    if not isinstance(branches, list):
        raise _malformed(f"body.filter.{word} should be an array")
    parts = [_compile(branch, source, now, depth + 1) for branch in branches]
    tests = [part.matches for part in parts]
    if word == "or":
        return Filter(lambda page: any(test(page) for test in tests))
    since: dict[str, str] = {}
    for part in parts:
        for name, bound in part.since.items():
            since[name] = max(bound, since.get(name, bound))
    return Filter(lambda page: all(test(page) for test in tests), since)


def _of_timestamp(given: Mapping[str, Any], now: datetime) -> Filter:
    name = given["timestamp"]
    if name not in TIMESTAMPS or not isinstance(given.get(name), dict):
        raise _malformed("body.filter.timestamp should be `created_time` or `last_edited_time`, with its condition")
    check = _date_check(given[name], now, floor_minutes=False)
    read: Callable[[Page], Any] = _created if name == "created_time" else _edited
    bound = given[name].get("on_or_after") or given[name].get("after")
    since = {name: _bound(bound, now)} if bound else {}
    return Filter(lambda page: check(read(page)), since)


def _of_property(given: Mapping[str, Any], source: DataSource, now: datetime) -> Filter:
    column = source.column(given["property"]) if isinstance(given["property"], str) else None
    if column is None:
        raise validation(f"Could not find property with name or id: {given['property']}")
    kind = next((key for key in given if key not in ("property", "type")), None)
    if kind is None or not isinstance(given[kind], dict):
        raise _malformed(f"body.filter.{column.type} should be defined")
    if kind != column.type and not any(kind in group and column.type in group for group in KINDRED):
        raise validation(f"database property {column.type} does not match filter {kind}")
    check = _check(kind, given[kind], now)
    return Filter(_reader(column, check))


def _reader(column: Property, check: Check) -> Test:
    match column.type:
        case "created_time":
            return lambda page: check(page.created_time)
        case "last_edited_time":
            return lambda page: check(page.last_edited_time)
        case "created_by":
            return lambda page: check((page.created_by["id"],))
        case "last_edited_by":
            return lambda page: check((page.last_edited_by["id"],))
        case _:
            return lambda page: check(plain(column, page.values.get(column.id)))


def _check(kind: str, condition: Mapping[str, Any], now: datetime) -> Check:
    if kind == "formula":
        inner, wanted = _only_entry(condition, kind)
        check = _check({"string": "rich_text"}.get(inner, inner), wanted, now)
        # A formula's result can be of another type in another row: there the condition finds nothing.
        results = _TYPES.get(inner, ())
        return lambda value: check(value if type(value) in results else None)
    if kind == "rollup":
        return _rollup_check(condition, now)
    if kind in DATES:
        return _date_check(condition, now, floor_minutes=True)
    if kind == "verification":
        kind, condition = "status", {"equals": condition.get("status")}
    operator, wanted = _only_entry(condition, kind)
    if operator in ("is_empty", "is_not_empty"):
        expected = operator == "is_empty"
        return lambda value: (value is None or value in ("", ())) is expected
    operators = _OPERATORS.get("text" if kind in TEXTS else "people" if kind in PEOPLE else kind, {})
    if operator not in operators:
        raise _malformed(f"body.filter.{kind}.{operator} should be not present")
    compare = operators[operator]
    return lambda value: compare(value, wanted)


def _rollup_check(condition: Mapping[str, Any], now: datetime) -> Check:
    word, wanted = _only_entry(condition, "rollup")
    if word in ("number", "date"):
        return _check(word, wanted, now)
    inner, inner_condition = _only_entry(wanted, "rollup")
    check = _check(inner, inner_condition, now)
    quantifiers: Mapping[str, Check] = {
        "any": lambda values: any(check(value) for value in values or ()),
        "every": lambda values: all(check(value) for value in values or ()),
        "none": lambda values: not any(check(value) for value in values or ()),
    }
    if word not in quantifiers:
        raise _malformed(f"body.filter.rollup.{word} should be not present")
    return quantifiers[word]


def _date_check(condition: Mapping[str, Any], now: datetime, *, floor_minutes: bool) -> Check:
    """A date compares days, a datetime moments: times of pages to the millisecond, date columns to the minute."""
    operator, wanted = _only_entry(condition, "date")
    if operator in ("is_empty", "is_not_empty"):
        expected = operator == "is_empty"
        return lambda value: (value is None) is expected
    if operator in _PERIODS:
        first, last = _PERIODS[operator](now.astimezone(UTC).date())
        return lambda value: value is not None and first.isoformat() <= value[:10] <= last.isoformat()
    compare = _COMPARISONS.get(operator)
    if compare is None:
        raise _malformed(f"body.filter.date.{operator} should be not present")
    text = _resolved(wanted, now)
    if len(text) == 10:
        return lambda value: value is not None and compare(value[:10], text)
    moment = _utc(text, floor_minutes=floor_minutes)
    return lambda value: value is not None and compare(_utc(value, floor_minutes=floor_minutes), moment)


def _only_entry(condition: Any, kind: str) -> tuple[str, Any]:
    if not isinstance(condition, dict) or len(condition) != 1:
        raise _malformed(f"body.filter.{kind} should have exactly one condition")
    return next(iter(condition.items()))


def _resolved(wanted: Any, now: datetime) -> str:
    """An ISO date or datetime from what a condition gives; relative words are days in UTC."""
    today = now.astimezone(UTC).date()
    if isinstance(wanted, str) and wanted in _RELATIVE_DAYS:
        return (today + timedelta(days=_RELATIVE_DAYS[wanted])).isoformat()
    try:
        datetime.fromisoformat(wanted)
    except (TypeError, ValueError):
        raise _malformed(f"body.filter date should be a valid ISO 8601 date string, instead was `{wanted}`") from None
    return str(wanted)


def _utc(text: str, *, floor_minutes: bool) -> str:
    """A comparable text in UTC with milliseconds; without an offset UTC is meant, without a time midnight."""
    if len(text) == 24 and text[-1] == "Z" and not floor_minutes:
        return text
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if floor_minutes:
        moment = moment.replace(second=0, microsecond=0)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _bound(wanted: Any, now: datetime) -> str:
    text = _resolved(wanted, now)
    return text if len(text) == 10 else _utc(text, floor_minutes=False)


def _created(page: Page) -> str:
    return page.created_time


def _edited(page: Page) -> str:
    return page.last_edited_time


def _malformed(message: str) -> NotionError:
    return validation(f"body failed validation: {message}.")


def _equals(value: Any, wanted: Any) -> bool:
    # Since April 2026 a select or a status can be compared with several names at once.
    return value in wanted if isinstance(wanted, list) else bool(value == wanted)


def _contains(values: Any, wanted: Any) -> bool:
    return any(item in values for item in wanted) if isinstance(wanted, list) else wanted in values


_TYPES: Mapping[str, Any] = {"string": (str,), "date": (str,), "number": (int, float), "checkbox": (bool,)}
_TEXT: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": lambda value, wanted: (value or "") == wanted,
    "does_not_equal": lambda value, wanted: (value or "") != wanted,
    "contains": lambda value, wanted: wanted.casefold() in (value or "").casefold(),
    "does_not_contain": lambda value, wanted: wanted.casefold() not in (value or "").casefold(),
    "starts_with": lambda value, wanted: (value or "").casefold().startswith(wanted.casefold()),
    "ends_with": lambda value, wanted: (value or "").casefold().endswith(wanted.casefold()),
}
_NUMBER: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": lambda value, wanted: value is not None and value == wanted,
    "does_not_equal": lambda value, wanted: value != wanted,
    "greater_than": lambda value, wanted: value is not None and value > wanted,
    "less_than": lambda value, wanted: value is not None and value < wanted,
    "greater_than_or_equal_to": lambda value, wanted: value is not None and value >= wanted,
    "less_than_or_equal_to": lambda value, wanted: value is not None and value <= wanted,
}
_CHOICE: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": _equals,
    "does_not_equal": lambda value, wanted: not _equals(value, wanted),
}
_MEMBERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "contains": lambda values, wanted: _contains(values or (), wanted),
    "does_not_contain": lambda values, wanted: not _contains(values or (), wanted),
}
_OPERATORS: Mapping[str, Mapping[str, Callable[[Any, Any], bool]]] = {
    "text": _TEXT,
    "number": _NUMBER,
    "unique_id": _NUMBER,
    "checkbox": _CHOICE,
    "select": _CHOICE,
    "status": _CHOICE,
    "multi_select": _MEMBERS,
    "people": _MEMBERS,
    "relation": _MEMBERS,
}
_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "equals": lambda value, wanted: value == wanted,
    "before": lambda value, wanted: value < wanted,
    "after": lambda value, wanted: value > wanted,
    "on_or_before": lambda value, wanted: value <= wanted,
    "on_or_after": lambda value, wanted: value >= wanted,
}
_RELATIVE_DAYS = {
    "today": 0,
    "tomorrow": 1,
    "yesterday": -1,
    "one_week_ago": -7,
    "one_week_from_now": 7,
    "one_month_ago": -30,
    "one_month_from_now": 30,
}


def _around(before: int, after: int) -> Callable[[date], tuple[date, date]]:
    return lambda today: (today - timedelta(days=before), today + timedelta(days=after))


def _this_week(today: date) -> tuple[date, date]:
    """Weeks begin on Sunday."""
    first = today - timedelta(days=today.isoweekday() % 7)
    return first, first + timedelta(days=6)


_PERIODS: Mapping[str, Callable[[date], tuple[date, date]]] = {
    "past_week": _around(7, 0),
    "past_month": _around(31, 0),
    "past_year": _around(365, 0),
    "this_week": _this_week,
    "next_week": _around(0, 7),
    "next_month": _around(0, 31),
    "next_year": _around(0, 365),
}
