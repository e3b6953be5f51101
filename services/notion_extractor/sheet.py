"""A page as a row of the CSV for people: one typed cell for each property, by its name."""

from collections.abc import Mapping
from typing import Any

from shared.contracts.notion_values import mark, plain
from shared.landing import Cells, Manifest, flat


def cells_of(manifest: Manifest) -> Cells:
    """How the rows of this batch are shown, related pages by their titles."""
    related: Mapping[str, str] = manifest.content.get("related") or {}

    def cells(page: Mapping[str, Any]) -> Mapping[str, Any]:
        properties = page.get("properties")
        if not isinstance(properties, dict):
            return flat(page)
        own = {key: value for key, value in page.items() if key != "properties"}
        return flat(own) | {f"properties.{name}": shown(value, related) for name, value in properties.items()}

    return cells


def shown(value: Any, related: Mapping[str, str]) -> Any:
    """A property's value: lists with commas, and in brackets why it is not the whole; its JSON where it is no value.

    Two options with a comma in their names cannot be told apart here; the rows of the batch keep them as they came.
    """
    try:
        found, why = plain(value, related), mark(value)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return value
    whole = ", ".join(found) if isinstance(found, list) else found
    return whole if why is None else f"{'' if whole is None else whole} [{why.value}]".strip()
