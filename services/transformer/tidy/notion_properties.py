"""The properties of Notion's pages by their ids, and how they differ from what the extractor saw of the schema."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from services.transformer.tidy import drift
from services.transformer.tidy.columns import ABSENT, Raw, Table


class Properties:
    """Property values as columns: by name where they are given, by id where they are wanted."""

    def __init__(self, pages: Table) -> None:
        objects = [value if isinstance(value, dict) else {} for value in pages.get("properties")]
        table = Table(objects)
        self._rows = len(objects)
        self._cells = {name: [_cell(value) for value in table.get(name)] for name in table.names}
        self._ids = {name: set(map(_id, cells)) - {None} for name, cells in self._cells.items()}

    def fed_by(self, feed: Mapping[str, Any]) -> Raw:
        """The values of one property, whatever it is called in each page; ABSENT where a page does not have it."""
        wanted = unquote(str(feed["id"]))
        found: Raw = [ABSENT] * self._rows
        for name, ids in self._ids.items():
            if wanted in ids:
                cells = self._cells[name]
                found = [cell if _id(cell) == wanted else known for cell, known in zip(cells, found, strict=True)]
        return found

    def unknown_to(self, schema: Mapping[str, Any] | None) -> set[str]:
        """`field+name` for each property that the schema did not have when the reading began."""
        if not schema:
            return set()
        known = {unquote(str(definition.get("id"))) for definition in schema.values()}
        return drift.appeared(name for name, ids in self._ids.items() if ids - known)


def drift_of(field: str, feed: Mapping[str, Any], cells: Raw) -> set[str]:
    """`field-name` for a property that no page has any more, `type:name=kind` for one of another type."""
    name = str(feed.get("name") or field)
    kinds = {str(cell.get("type")) for cell in cells if cell is not ABSENT}
    if not kinds:
        return drift.vanished([name]) if len(cells) >= drift.FEW else set()
    return drift.retyped(name, kinds - {str(feed["type"])}) if feed.get("type") else set()


def _cell(value: Any) -> Any:
    return value if isinstance(value, dict) else ABSENT


def _id(cell: Any) -> str | None:
    # Notion writes ids percent-encoded in some places and bare in others.
    return None if cell is ABSENT else unquote(str(cell.get("id")))
