"""NOTION_MAPPING, a file that a person wrote: read whole, and whatever is wrong with its shape said at once."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from services.notion_extractor.ids import source_id
from shared.settings import WRONG_SETTINGS, SettingsError

_PARTS = ("role", "fields", "statuses")


def read_mapping(path: Path | None) -> dict[str, dict[str, Any]]:
    """The tables by the id that each is for. Raises `SettingsError` for a file that is not such a mapping."""
    if path is None:
        return {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _wrong(path, [str(error)]) from None
    mappings: dict[str, dict[str, Any]] = {}
    wrong: list[str] = []
    for given, table in tables.items():
        try:
            known_as = source_id(given)
        except ValueError as error:
            wrong.append(str(error))
            continue
        if known_as in mappings:
            wrong.append(f"{given!r}: {known_as} has a table already")
        wrong += [f"{given!r}: {each}" for each in _misshapen(table)]
        mappings[known_as] = table
    if wrong:
        raise _wrong(path, wrong)
    return mappings


def own_of(mappings: Mapping[str, Mapping[str, Any]], scope: str, given: str) -> Mapping[str, Any]:
    """The table of a data source: its own, else that of the entry of NOTION_SOURCES behind it."""
    return mappings.get(scope, mappings.get(given, {}))


def ignored(mappings: Mapping[str, object], found: Mapping[str, str]) -> set[str]:
    """Tables that no data source is read by; `found` are all there are, each with the entry behind it."""
    return set(mappings) - found.keys() - set(found.values())


def _misshapen(table: object) -> Iterator[str]:
    """What keeps this from being a source's table. Whether fields and properties exist, its schema tells."""
    if not isinstance(table, Mapping):
        yield f"is {table!r}, not a table: write role, fields and statuses below it in brackets"
        return
    for name in table.keys() - set(_PARTS):
        yield f"has no part {name!r}; there are {', '.join(_PARTS)}"
    if not isinstance(table.get("role", ""), str):
        yield f"role is {table['role']!r}, not a text"
    for name in ("fields", "statuses"):
        part = table.get(name, {})
        if not isinstance(part, Mapping):
            yield f"{name} is {part!r}, not a table"
            continue
        yield from (
            f"{name}.{key} is {value!r}, not a text" for key, value in part.items() if not isinstance(value, str)
        )


def _wrong(path: Path, said: list[str]) -> SettingsError:
    return SettingsError("\n".join([WRONG_SETTINGS, *(f"  NOTION_MAPPING: {path}: {each}" for each in said)]))
