"""A Notion property value as one plain value: text, number, bool, list of texts, or None; and what is not whole of it.

The 24 types are those of the API at 2026-03-11; a type that nobody knows yet stays as its JSON.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo


class Mark(Enum):
    """Why a property that is not empty has no value that could be shown as its whole."""

    CUT = "cut"
    """A relation, people or a text of which the answer held only the beginning, or a value of which it held nothing."""
    UNRESOLVED = "unresolved"
    """A relation to a source that could not be read: nobody knows the names."""
    UNSUPPORTED = "unsupported"
    """A formula or a rollup that the API does not compute, or of which it gives something else than a result."""
    INCOMPLETE = "incomplete"
    """A rollup that was not computed to its end."""
    SEVERAL = "several"
    """More values than there is room for, where one is asked for."""


_UNCOMPUTED = frozenset({Mark.UNSUPPORTED.value, Mark.INCOMPLETE.value})
NO_KIND = "None"
"""The kind of a value that neither says its type nor holds anything."""
Plain = str | int | float | bool | list[str] | None


def mark(value: Mapping[str, Any]) -> Mark | None:
    """What keeps `plain(value)` from being the whole value; of an array, what keeps any of its items."""
    kind = kind_of(value)
    if value.get("has_more") or (kind not in value and kind != "button"):
        return Mark.CUT
    content = value.get(kind)
    if kind not in ("formula", "rollup") or content is None:
        return None
    result = content.get("type")
    if result in _UNCOMPUTED:
        return Mark(result)
    if result not in content:
        return Mark.UNSUPPORTED
    return next(filter(None, map(mark, content["array"] or [])), None) if result == "array" else None


def kind_of(value: Mapping[str, Any]) -> str:
    """The type that a property value says it has; where it says none, the one under whose name it holds something."""
    return str(value.get("type") or next((key for key in value if key == "relation" or key in _CONVERT), NO_KIND))


def are_known(relation: Mapping[str, Any], related: Mapping[str, str]) -> bool:
    """Whether a relation's titles are all among `related`. Of a source that is not shared Notion shows no pages."""
    pages = relation.get("relation")
    ids = [page.get("id") if isinstance(page, dict) else None for page in pages] if isinstance(pages, list) else []
    return bool(ids) and all(isinstance(page, str) and page in related for page in ids)


def plain(value: Mapping[str, Any], related: Mapping[str, str], *, ranges: bool = False) -> Plain:
    """`value` is `{id, type, <type>: …}`; `related` gives the titles of related pages where they are known.

    Of a date range it is the start, with `ranges` the whole as `start → end`.
    Raises AttributeError, KeyError, TypeError or ValueError for a value of another shape than its type has.
    """
    kind = kind_of(value)
    content = value.get(kind)
    if kind == "relation":
        return [related.get(page, page) for page in map(_page, content or [])]
    if content is None:
        return None
    if kind == "rollup" and content.get("type") == "array":
        found = [plain(item, related, ranges=ranges) for item in content.get("array") or []]
        return [_word(part) for one in found for part in (one if isinstance(one, list) else [one]) if part is not None]
    if ranges and (dates := content if kind == "date" else _result_date(kind, content)):
        start, end = _date(dates), _date({**dates, "start": dates.get("end")})
        return start if end is None else f"{start} → {end}"
    convert = _CONVERT.get(kind)
    return _json(content) if convert is None else convert(content)


def _page(item: Mapping[str, Any]) -> str:
    page = item["id"]
    if not isinstance(page, str):
        raise TypeError(f"{page!r} is no page's id")
    return page


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False)


def _same(content: Any) -> Any:
    return content


def _texts(content: Any) -> str | None:
    """All pieces: a text is cut into segments of 2,000 characters and at every mention."""
    return "".join(_piece(piece) for piece in content) or None


def _piece(piece: Mapping[str, Any]) -> str:
    words = piece.get("plain_text")
    if words is None:
        words = (piece.get("text") or {}).get("content")
    return words or ""


def _name(content: Any) -> Any:
    return content.get("name")


def _names(content: Any) -> list[str]:
    return [name for name in map(_name, content) if name]


def _files(content: Any) -> list[str]:
    # A file of Notion's own has an address that is signed anew at every read: never instead of a name.
    named = ((item.get("name") or (item.get("external") or {}).get("url")) for item in content)
    return [name for name in named if name]


def _people(content: Any) -> list[str]:
    return [name for name in map(_person, content) if name]


def _person(content: Any) -> Any:
    """A user, perhaps one of whom only the id may be seen, or a group."""
    return content.get("name") or content.get("id")


def _date(content: Any) -> Any:
    """The start."""
    start, zone = content.get("start"), content.get("time_zone")
    if zone and isinstance(start, str):
        moment = datetime.fromisoformat(start)
        if "T" in start and moment.tzinfo is None:
            return moment.replace(tzinfo=_zone(zone)).isoformat()
    return start


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except OSError as error:  # it looks for a file: `America` is a folder
        raise ValueError(f"{name[:40]!r} is no time zone") from error


def _result_date(kind: str, content: Any) -> Any:
    return content.get("date") if kind in ("formula", "rollup") and content.get("type") == "date" else None


def _result(content: Mapping[str, Any]) -> Plain:
    """What a formula or a rollup gave: its type may differ from row to row."""
    kind = str(content.get("type"))
    inner = content.get(kind)
    if inner is None or kind in _UNCOMPUTED:
        return None
    if kind == "date":
        return _date(inner)  # type: ignore[no-any-return]
    return inner if kind in ("string", "number", "boolean") else _json(inner)


def _word(part: str | float | bool) -> str:
    if isinstance(part, bool):
        return "true" if part else "false"
    return str(int(part)) if isinstance(part, float) and part.is_integer() else str(part)


def _unique_id(content: Any) -> str | None:
    number, prefix = content.get("number"), content.get("prefix")
    if number is None:
        return None
    return f"{prefix}-{_word(number)}" if prefix else _word(number)


def _verification(content: Any) -> Any:
    return content.get("state")


def _button(content: Any) -> None:
    """Holds no data."""


def _place(content: Any) -> str | None:
    named = content.get("name") or content.get("address")
    where = (content.get("lat"), content.get("lon"))
    return named or (None if None in where else "{},{}".format(*where))


_CONVERT: Mapping[str, Callable[[Any], Plain]] = {
    "title": _texts,
    "rich_text": _texts,
    "text": _texts,  # as rich_text was called in 2021-05-13
    "number": _same,
    "select": _name,
    "status": _name,
    "multi_select": _names,
    "date": _date,
    "people": _people,
    "files": _files,
    "checkbox": _same,
    "url": _same,
    "email": _same,
    "phone_number": _same,
    "formula": _result,
    "rollup": _result,
    "created_time": _same,
    "last_edited_time": _same,
    "created_by": _person,
    "last_edited_by": _person,
    "unique_id": _unique_id,
    "verification": _verification,
    "button": _button,
    "place": _place,
}
