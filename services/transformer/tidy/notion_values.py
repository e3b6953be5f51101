"""A Notion property value as one plain value: text, number, bool, list of texts, or None.

The 24 types are those of the API at 2026-03-11; a type that nobody knows yet stays as its JSON.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

Plain = str | float | bool | list[str] | None
UNSUPPORTED = "unsupported"


def plain(value: Mapping[str, Any], related: Mapping[str, str]) -> Plain:
    """`value` is `{id, type, <type>: …}`; `related` gives the titles of related pages where they are known."""
    kind = str(value.get("type"))
    content = value.get(kind)
    if kind == "relation":
        return [related.get(str(item.get("id")), str(item.get("id"))) for item in content or []]
    if kind == "rollup":
        return _rollup(content or {}, related)
    convert = _CONVERT.get(kind)
    if convert is None:
        return None if content is None else json.dumps(content, ensure_ascii=False)
    return None if content is None else convert(content)


def _texts(content: Any) -> str | None:
    """All pieces: a text is cut into segments of 2,000 characters and at every mention."""
    return "".join(str(piece.get("plain_text", "")) for piece in content) or None


def _name(content: Any) -> Any:
    return content.get("name")


def _names(content: Any) -> list[str]:
    return [str(item.get("name")) for item in content]


def _people(content: Any) -> list[str]:
    return [_person(item) for item in content]


def _person(content: Any) -> str:
    return str(content.get("name") or content.get("id"))


def _date(content: Any) -> Any:
    return content.get("start")


def _formula(content: Any) -> Plain:
    kind = content.get("type")
    inner = content.get(kind)
    if kind == "date":
        return _date(inner) if inner else None
    return None if kind == UNSUPPORTED else inner


def _rollup(content: Mapping[str, Any], related: Mapping[str, str]) -> Plain:
    kind = content.get("type")
    inner = content.get(str(kind))
    if kind == "date":
        return _date(inner) if inner else None
    if kind == "array":
        items = [plain(item, related) for item in inner or []]
        return [
            str(part) for item in items for part in (item if isinstance(item, list) else [item]) if part is not None
        ]
    return inner if kind == "number" else None


def _unique_id(content: Any) -> str | None:
    number, prefix = content.get("number"), content.get("prefix")
    if number is None:
        return None
    return f"{prefix}-{number}" if prefix else str(number)


def _place(content: Any) -> str | None:
    named = content.get("name") or content.get("address")
    where = (content.get("lat"), content.get("lon"))
    return named or (None if None in where else "{},{}".format(*where))


def _same(content: Any) -> Any:
    return content


_CONVERT: dict[str, Callable[[Any], Plain]] = {
    "title": _texts,
    "rich_text": _texts,
    "number": _same,
    "select": _name,
    "status": _name,
    "multi_select": _names,
    "date": _date,
    "people": _people,
    "files": _names,
    "checkbox": _same,
    "url": _same,
    "email": _same,
    "phone_number": _same,
    "formula": _formula,
    "created_time": _same,
    "last_edited_time": _same,
    "created_by": _person,
    "last_edited_by": _person,
    "unique_id": _unique_id,
    "verification": lambda content: content.get("state"),
    "button": lambda _content: None,
    "place": _place,
}
