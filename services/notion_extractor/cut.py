"""Cells that a page does not hold in full, and what they are when their entries have been asked for. Decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LIMIT = 25
"""Relations are cut here and say so; people and mentions may be, and say nothing."""


@dataclass(frozen=True, slots=True)
class CutCell:
    """A cell of a row that lacks, or may lack, some of its entries."""

    name: str
    property_id: str
    type: str


def cut_cells(row: Mapping[str, Any]) -> list[CutCell]:
    """The cells to complete. What is not shaped as a property has nothing to complete."""
    properties = row.get("properties")
    if not isinstance(properties, dict):
        return []
    return [
        CutCell(name, each["id"], each["type"])
        for name, each in properties.items()
        if isinstance(each, dict)
        and isinstance(each.get("id"), str)
        and isinstance(each.get("type"), str)
        and _is_cut(each)
    ]


def completed(cell: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The cell with all its entries, which the endpoint gives one by one."""
    kind = cell["type"]
    if kind == "rollup":
        entries = [{"type": item.get("type"), str(item.get("type")): item.get(str(item.get("type")))} for item in items]
        return {**cell, kind: {**cell[kind], "array": entries}, "has_more": False}
    return {**cell, kind: [item.get(kind) for item in items], "has_more": False}


def still_cut(cell: Mapping[str, Any]) -> dict[str, Any]:
    """The cell as it came, marked: whoever reads it knows that there may be more."""
    return {**cell, "has_more": True}


def _is_cut(cell: Mapping[str, Any]) -> bool:
    kind = cell["type"]
    content = cell.get(kind)
    if kind == "relation":
        return cell.get("has_more") is True
    if kind == "people":
        return isinstance(content, list) and len(content) >= LIMIT
    if kind in ("title", "rich_text"):
        return isinstance(content, list) and sum(_is_mention(piece) for piece in content) >= LIMIT
    if kind == "rollup" and isinstance(content, dict):
        array = content.get("array")
        return content.get("type") == "array" and isinstance(array, list) and len(array) >= LIMIT
    return False


def _is_mention(piece: object) -> bool:
    return isinstance(piece, dict) and piece.get("type") == "mention"
