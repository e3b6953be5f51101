"""The properties of Notion's pages by their ids, and how they differ from what the extractor saw of the schema."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from services.transformer.tidy import drift
from services.transformer.tidy.columns import ABSENT, Raw, Table
from shared.contracts.notion_values import NO_KIND, kind_of


class Properties:
    """The properties that are wanted, by id and whatever each page calls them; and which names there are at all."""

    def __init__(self, wanted: Iterable[str]) -> None:
        self._cells: dict[str, Raw] = {plain_id(property_id): [] for property_id in wanted}
        self._ids: dict[str, set[str]] = {}

    def note(self, objects: Raw) -> None:
        """The `properties` of some more pages."""
        table = Table([value if isinstance(value, dict) else {} for value in objects])
        found: dict[str, Raw] = {}
        for name in table.names:
            cells: Raw = [cell if isinstance(cell, dict) else ABSENT for cell in table.get(name)]
            ids = {str(cell.get("id")) for cell in cells if cell is not ABSENT}
            self._ids.setdefault(name, set()).update(ids)
            for given in ids:
                if (property_id := plain_id(given)) in self._cells:
                    before = found.get(property_id) or [ABSENT] * len(cells)
                    found[property_id] = [
                        cell if cell is not ABSENT and str(cell.get("id")) == given else known
                        for cell, known in zip(cells, before, strict=True)
                    ]
        for property_id, gathered in self._cells.items():
            gathered.extend(found.get(property_id) or [ABSENT] * len(table))

    def cells(self, property_id: str) -> Raw:
        """The values of a wanted property, one per page; ABSENT where a page does not have it."""
        return self._cells[plain_id(property_id)]

    def unknown_to(self, schema: Mapping[str, Any] | None) -> set[str]:
        """`field+name` for each property that the schema did not have when the reading began."""
        if not schema:
            return set()
        known = {plain_id(str(each.get("id"))) for each in schema.values() if isinstance(each, dict)}
        return drift.appeared(name for name, ids in self._ids.items() if set(map(plain_id, ids)) - known)


def plain_id(given: str) -> str:
    """Notion writes ids percent-encoded in some places and bare in others."""
    return unquote(given)


def storable(words: str) -> str:
    """Words of the manifest as Postgres takes them: the rows' own text is made so as it is parsed."""
    return words.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def drift_of(field: str, feed: Mapping[str, Any], cells: Raw) -> set[str]:
    """`field-name` for a property that no page has any more, `type:name=kind` for one of another type."""
    name = storable(str(feed.get("name") or field))
    kinds = {kind_of(cell) for cell in cells if cell is not ABSENT}
    if not kinds:
        return drift.vanished([name]) if len(cells) >= drift.FEW else set()
    return drift.retyped(name, kinds - {str(feed["type"]), NO_KIND}) if feed.get("type") else set()
