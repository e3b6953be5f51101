"""Sorts: the order of a query's rows, and the place of a row in it."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import total_ordering
from typing import Any

from simulators.notion.errors import validation
from simulators.notion.model import DataSource, Page
from simulators.notion.schema import Property
from simulators.notion.values import plain

SortKey = Callable[[Page], Any]
DIGITS = re.compile(r"([0-9]+)")
DIRECTIONS = ("ascending", "descending")


@total_ordering
class Reversed:
    """A value that orders the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reversed) and bool(self.value == other.value)

    def __lt__(self, other: "Reversed") -> bool:
        return bool(other.value < self.value)

    def __hash__(self) -> int:
        return hash(self.value)


def creation_order(sorts: list[Any]) -> str | None:
    """The direction where the order is that of creation, so that no sorting is needed; newest first is the default.

    The default is what was observed (makenotion/notion-sdk-js#388 and every recorded query); Notion promises none.
    """
    if not sorts:
        return "descending"
    first = sorts[0]
    if first == {"timestamp": "created_time", "direction": first.get("direction")}:
        return str(first["direction"])
    return None


def check_sorts(sorts: Any, source: DataSource) -> list[Any]:
    """The sorts as given. Raises NotionError 400 for sorts that Notion would not take."""
    if not isinstance(sorts, list):
        raise validation("body failed validation: body.sorts should be an array.")
    for sort in sorts:
        if not isinstance(sort, dict) or sort.get("direction") not in DIRECTIONS:
            raise validation("body failed validation: body.sorts[].direction should be `ascending` or `descending`.")
        if "timestamp" in sort:
            if sort["timestamp"] not in ("created_time", "last_edited_time"):
                raise validation(
                    "body failed validation: body.sorts[].timestamp should be `created_time` or `last_edited_time`."
                )
        elif source.column(str(sort.get("property"))) is None:
            raise validation(f"Could not find sort property with name or id: {sort.get('property')}")
    return sorts


def ordered(pages: Iterable[Page], sorts: list[Any], source: DataSource) -> list[Page]:
    """The pages, which come oldest first, in the order of all sorts; see `sort_key`.

    Sorted by the last sort first, each time keeping the order of equals: that compares values in C, not keys in Python.
    """
    rows = list(pages)[::-1]
    for sort in reversed(sorts):
        read = _reader(sort, source)
        filled = [(value, page) for page in rows if (value := read(page)) is not None]
        empty = [page for page in rows if read(page) is None] if len(filled) < len(rows) else []
        filled.sort(key=_value, reverse=sort["direction"] == "descending")
        rows = [page for _, page in filled] + empty
    return rows


def sort_key(sorts: list[Any], source: DataSource) -> SortKey:
    """The place of a row among the ordered: empty values come last either way, and equal rows newest first."""
    parts = [_part(sort, source) for sort in sorts]
    return lambda page: (*(part(page) for part in parts), Reversed(page.key))


def _value(pair: tuple[Any, Page]) -> Any:
    return pair[0]


def _part(sort: Any, source: DataSource) -> SortKey:
    read = _reader(sort, source)
    turn: Callable[[Any], Any] = Reversed if sort["direction"] == "descending" else _as_is

    def key(page: Page) -> tuple[bool, Any]:
        value = read(page)
        return (True, None) if value is None else (False, turn(value))

    return key


def _reader(sort: Any, source: DataSource) -> SortKey:
    column = None if "timestamp" in sort else source.column(sort["property"])
    kind = sort["timestamp"] if column is None else column.type
    return _by_value(column) if column is not None and kind not in _OF_THE_PAGE else _OF_THE_PAGE[kind]


def _by_value(column: Property) -> SortKey:
    places = {name: place for place, name in enumerate(column.options)}

    def value(page: Page) -> Any:
        found = plain(column, page.values.get(column.id))
        if column.type in ("select", "status"):
            return None if found is None else places.get(found, len(places))
        if isinstance(found, str):
            return natural(found)
        return None if found == () else found

    return value


def natural(text: str) -> tuple[tuple[bool, int | str], ...]:
    """Numbers within a text order by their value: recorded, "Article 4" comes before "Article 10"."""
    parts = DIGITS.split(text.casefold())
    return tuple((False, int(part)) if part.isdecimal() else (True, part) for part in parts if part)


def _as_is(value: Any) -> Any:
    return value


_OF_THE_PAGE: Mapping[str, SortKey] = {
    "created_time": lambda page: page.created_time,
    "last_edited_time": lambda page: page.last_edited_time,
    "created_by": lambda page: page.created_by["id"],
    "last_edited_by": lambda page: page.last_edited_by["id"],
}
