"""GET …/properties/{id}: one column of one page in full, in pages of its own where it is a list."""

from collections import OrderedDict
from typing import Any
from urllib.parse import urlencode

from simulators.notion.errors import invalid_cursor
from simulators.notion.ids import Ids, encode_property_id
from simulators.notion.model import Json, Page
from simulators.notion.render import Renderer, View
from simulators.notion.schema import Property

LISTS = ("title", "rich_text", "people", "relation", "rollup")
NOT_COMPUTED = ("show_unique", "unique", "median", "count_per_group", "percent_per_group")
KEPT_CURSORS = 10_000
PUBLIC_ADDRESS = "https://api.notion.com/v1"


class PropertyItems:
    """Answers for single columns; keeps the cursors that it gave out."""

    def __init__(self, ids: Ids, renderer: Renderer) -> None:
        self._ids = ids
        self._renderer = renderer
        self._cursors: OrderedDict[str, tuple[str, str, int]] = OrderedDict()

    def answer(
        self,
        page: Page,
        column: Property,
        columns: dict[str, Property],
        view: View,
        *,
        page_size: int,
        cursor: str | None,
        asked_as: str,
    ) -> Json:
        """A property item, or a list of them for title, rich_text, people, relation and rollup.

        Raises NotionError 400 for a cursor of another column.
        """
        shown = self._renderer.value(page, column, view, whole=True)
        content = shown[column.type]
        if column.type not in LISTS:
            return {"object": "property_item", "type": column.type, "id": column.id, column.type: content}
        start = self._start(page, column, cursor)
        items = self._items(page, column, columns, content, view)
        end = start + page_size
        has_more = end < len(items)
        next_cursor = self._next(page, column, end) if has_more else None
        # Recorded: the page is named as it was asked for, with or without dashes.
        address = f"{PUBLIC_ADDRESS}/pages/{asked_as}/properties/{column.id}"
        asked = urlencode({"start_cursor": next_cursor, "page_size": page_size})
        return {
            "object": "list",
            "results": items[start:end],
            "next_cursor": next_cursor,
            "has_more": has_more,
            "type": "property_item",
            "property_item": {
                "id": column.id,
                "next_url": f"{address}?{asked}" if has_more else None,
                "type": column.type,
                column.type: _rollup_so_far(content, has_more) if column.type == "rollup" else {},
            },
        }

    def _start(self, page: Page, column: Property, cursor: str | None) -> int:
        if cursor is None:
            return 0
        page_id, column_id, start = self._cursors.get(cursor, ("", "", 0))
        if (page_id, column_id) != (page.id, column.id):
            raise invalid_cursor(cursor)
        return start

    def _next(self, page: Page, column: Property, start: int) -> str:
        cursor = self._ids.item_cursor()
        self._cursors[cursor] = (page.id, column.id, start)
        if len(self._cursors) > KEPT_CURSORS:
            self._cursors.popitem(last=False)
        return cursor

    def _items(
        self, page: Page, column: Property, columns: dict[str, Property], content: Any, view: View
    ) -> list[Json]:
        if column.type != "rollup":
            return [_item(column.type, column.id, part) for part in content]
        if content["type"] == "array":
            target = encode_property_id(column.configuration.get("rollup_property_id", ""))
            return [_item(part["type"], target, part[part["type"]]) for part in content["array"]]
        relation_id = column.configuration.get("relation_property_id")
        relation = next((other for other in columns.values() if other.decoded_id == relation_id), None)
        if relation is None or relation.type != "relation":
            return []
        related = self._renderer.value(page, relation, view, whole=True)["relation"]
        return [_item("relation", relation.id, part) for part in related]


def _item(kind: str, column_id: str, part: Any) -> Json:
    return {"object": "property_item", "type": kind, "id": column_id, kind: part}


def _rollup_so_far(content: Json, has_more: bool) -> Json:
    """The aggregate: `incomplete` until the last page, `unsupported` where this endpoint does not compute it."""
    function = content["function"]
    if function in NOT_COMPUTED:
        return {"type": "unsupported", "unsupported": {}, "function": function}
    if content["type"] == "array":
        return {"type": "array", "array": [], "function": function}
    if has_more:
        return {"type": "incomplete", "incomplete": {}, "function": function}
    return content
