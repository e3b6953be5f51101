"""Values of a page: kept small as Python values, shown as Notion's JSON, compared as plain values."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from simulators.notion.schema import Property

# Text stands in segments of at most 2,000 characters; a reader that takes the first only loses the rest.
SEGMENT = 2000
ANNOTATIONS = {
    "bold": False,
    "italic": False,
    "strikethrough": False,
    "underline": False,
    "code": False,
    "color": "default",
}
TEXT = ("title", "rich_text")
PLAIN_TEXT = ("url", "email", "phone_number")
OF_THE_PAGE = ("created_time", "last_edited_time", "created_by", "last_edited_by")


@dataclass(frozen=True, slots=True)
class Raw:
    """A value as Notion's own JSON, without the column's id and type: served as it is."""

    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HostedFile:
    """A file that Notion keeps: shown with a signed URL, another on every read, good for an hour."""

    name: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a value needs from outside to be shown: people by id, whether a relation's target is shared, limits."""

    user: Callable[[str], dict[str, Any]]
    related_is_shared: Callable[[Property], bool]
    sign: Callable[[str], dict[str, Any]]
    relation_limit: int | None
    people_limit: int | None


def keep(column: Property, given: Any) -> Any:
    """The kept form of a value: a simple Python value, or raw Notion JSON (a mapping with the type's name as key).

    Texts are str; numbers int or float; dates an ISO text, a date, an aware datetime or a pair of them; options
    their names; people and relations lists of ids; files urls, (name, url) pairs or HostedFile; a formula or a rollup
    its result. Raises TypeError or ValueError for a value that the column cannot hold.
    """
    if isinstance(given, Mapping) and column.type in given:
        return Raw({name: value for name, value in given.items() if name not in ("id", "type")})
    if given is None:
        return None
    keeper = _KEEPERS.get(column.type)
    return keeper(column, given) if keeper else Raw({column.type: given})


def show(column: Property, value: Any, around: Surroundings) -> dict[str, Any]:
    """The value as it stands in a page's `properties`."""
    shown: dict[str, Any] = {"id": column.id, "type": column.type}
    if isinstance(value, Raw):
        body = value.body
        if column.type == "relation" and "has_more" not in body:
            return shown | _relation([item["id"] for item in body["relation"]], column, around)
        return {**shown, **body}
    if column.type == "relation":
        return shown | _relation(value or (), column, around)
    shown[column.type] = content(column, value, around)
    return shown


def content(column: Property, value: Any, around: Surroundings) -> Any:
    """What stands under the type's name, uncut for relations."""
    if isinstance(value, Raw):
        return value.body[column.type]
    shower = _SHOWERS.get(column.type)
    return shower(column, value, around) if shower else value


def plain(column: Property, value: Any) -> Any:
    """What filters and sorts compare: text, number, bool, option names, start of a date, ids; None if empty."""
    if isinstance(value, Raw):
        return plain_content(column.type, value.body.get(column.type))
    if column.type in ("title", "rich_text"):
        return value or None
    if column.type == "date":
        return None if value is None else value[0]
    if column.type == "checkbox":
        return bool(value)
    if column.type in ("formula", "rollup") and isinstance(value, date):
        return _moment(value)
    if column.type in ("people", "relation", "multi_select", "files"):
        return value or ()
    return value


def plain_content(kind: str, shown: Any) -> Any:
    """`plain` of a value given as Notion's JSON."""
    if shown is None:
        return None
    reader = _READERS.get(kind)
    return reader(shown) if reader else shown


def rich_text(text: str) -> list[dict[str, Any]]:
    """Plain text as rich text, in segments."""
    segments = [text[start : start + SEGMENT] for start in range(0, len(text), SEGMENT)]
    return [
        {
            "type": "text",
            "text": {"content": segment, "link": None},
            "annotations": ANNOTATIONS,
            "plain_text": segment,
            "href": None,
        }
        for segment in segments
    ]


def option_names(column: Property, given: Any) -> Iterable[str]:
    """The options that a simple value names."""
    if given is None or isinstance(given, Mapping) or column.type not in ("select", "status", "multi_select"):
        return ()
    return (given,) if isinstance(given, str) else given


def _relation(ids: Sequence[str], column: Property, around: Surroundings) -> dict[str, Any]:
    if not around.related_is_shared(column):
        return {"relation": [], "has_more": False}
    shown = ids[: around.relation_limit]
    return {"relation": [{"id": page_id} for page_id in shown], "has_more": len(shown) < len(ids)}


def _date(value: tuple[str, str | None]) -> dict[str, Any]:
    return {"start": value[0], "end": value[1], "time_zone": None}


def _result(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"type": "boolean", "boolean": value}
    if isinstance(value, int | float):
        return {"type": "number", "number": value}
    if isinstance(value, date):
        return {"type": "date", "date": _date((_moment(value), None))}
    return {"type": "string", "string": value}


def _rollup(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"type": "array", "array": value}
    if isinstance(value, date):
        return {"type": "date", "date": _date((_moment(value), None))}
    return {"type": "number", "number": value}


def _moment(value: str | date) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"a datetime needs a time zone: {value}")
        return value.isoformat(timespec="milliseconds")
    return value.isoformat() if isinstance(value, date) else value


def timestamp(moment: datetime) -> str:
    """A page's time: in UTC, floored to the minute."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:00.000Z")


def _file(item: HostedFile | tuple[str, str], around: Surroundings) -> dict[str, Any]:
    if isinstance(item, HostedFile):
        return {"name": item.name, "type": "file", "file": around.sign(item.name)}
    name, url = item
    return {"name": name, "type": "external", "external": {"url": url}}


def _keep_text(column: Property, given: Any) -> str:
    if not isinstance(given, str):
        raise TypeError(f"{column.name} ({column.type}) takes text, not {given!r}")
    return given


def _keep_number(column: Property, given: Any) -> int | float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise TypeError(f"{column.name} ({column.type}) takes a number, not {given!r}")
    return given


def _keep_option(column: Property, given: Any) -> str:
    if given not in column.options:
        raise ValueError(f"{column.name} ({column.type}) has no option {given!r}")
    return str(given)


def _keep_date(_column: Property, given: Any) -> tuple[str, str | None]:
    start, end = given if isinstance(given, tuple) else (given, None)
    return (_moment(start), None if end is None else _moment(end))


def _keep_files(_column: Property, given: Any) -> tuple[HostedFile | tuple[str, str], ...]:
    return tuple(_keep_file(item) for item in given)


def _keep_file(item: Any) -> HostedFile | tuple[str, str]:
    if isinstance(item, HostedFile):
        return item
    name, url = (item, item) if isinstance(item, str) else item
    return (name, url)


def changes_on_every_read(value: Any) -> bool:
    """Whether the value is never shown the same way twice."""
    return isinstance(value, tuple) and any(isinstance(item, HostedFile) for item in value)


_KEEPERS: Mapping[str, Callable[[Property, Any], Any]] = {
    **dict.fromkeys(TEXT + PLAIN_TEXT, _keep_text),
    "number": _keep_number,
    "unique_id": _keep_number,
    "select": _keep_option,
    "status": _keep_option,
    "multi_select": lambda column, given: tuple(_keep_option(column, name) for name in given),
    "date": _keep_date,
    "people": lambda _column, given: tuple(given),
    "relation": lambda _column, given: tuple(given),
    "files": _keep_files,
    "checkbox": lambda _column, given: bool(given),
    "formula": lambda _column, given: given,
    "rollup": lambda _column, given: given,
}


_SHOWERS: Mapping[str, Callable[[Property, Any, Surroundings], Any]] = {
    "title": lambda _column, value, _around: rich_text(value or ""),
    "rich_text": lambda _column, value, _around: rich_text(value or ""),
    "select": lambda column, value, _around: None if value is None else column.options[value],
    "status": lambda column, value, _around: None if value is None else column.options[value],
    "multi_select": lambda column, value, _around: [column.options[name] for name in value or ()],
    "date": lambda _column, value, _around: None if value is None else _date(value),
    "people": lambda _column, value, around: [around.user(person) for person in (value or ())[: around.people_limit]],
    "relation": lambda _column, value, _around: [{"id": page_id} for page_id in value or ()],
    "files": lambda _column, value, around: [_file(item, around) for item in value or ()],
    "checkbox": lambda _column, value, _around: bool(value),
    "formula": lambda _column, value, _around: _result(value),
    "rollup": lambda column, value, _around: (
        _rollup(value) | {"function": column.configuration.get("function", "show_original")}
    ),
    "unique_id": lambda column, value, _around: {"prefix": column.configuration.get("prefix"), "number": value},
    "button": lambda _column, _value, _around: {},
}
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "title": lambda shown: "".join(part["plain_text"] for part in shown) or None,
    "rich_text": lambda shown: "".join(part["plain_text"] for part in shown) or None,
    "select": lambda shown: shown["name"],
    "status": lambda shown: shown["name"],
    "multi_select": lambda shown: tuple(option["name"] for option in shown),
    "date": lambda shown: shown["start"],
    "people": lambda shown: tuple(person["id"] for person in shown),
    "relation": lambda shown: tuple(page["id"] for page in shown),
    "files": lambda shown: tuple(file["name"] for file in shown),
    "created_by": lambda shown: shown["id"],
    "last_edited_by": lambda shown: shown["id"],
    "formula": lambda shown: plain_content(shown["type"], shown[shown["type"]]),
    "rollup": lambda shown: plain_content(shown["type"], shown[shown["type"]]),
    "unique_id": lambda shown: shown["number"],
    "verification": lambda shown: shown["state"],
    "array": lambda shown: tuple(plain_content(item["type"], item[item["type"]]) for item in shown),
    "unsupported": lambda _shown: None,
    "incomplete": lambda _shown: None,
}
