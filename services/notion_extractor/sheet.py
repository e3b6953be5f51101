"""A page as a row of the CSV for people: one typed cell for each property, by its name."""

from collections.abc import Collection, Mapping
from typing import Any

from shared.contracts.notion_values import Mark, are_known, mark, plain
from shared.landing import Cells, Manifest, flat


def cells_of(manifest: Manifest) -> Cells:
    """How the rows of this batch are shown, related pages by their titles."""
    related: Mapping[str, str] = manifest.content.get("related") or {}
    unresolved: Mapping[str, Any] = manifest.content.get("unresolved") or {}

    def cells(page: Mapping[str, Any]) -> Mapping[str, Any]:
        properties = page.get("properties")
        if not isinstance(properties, dict):
            return flat(page)
        own = {key: value for key, value in page.items() if key != "properties"}
        return flat(own) | {f"properties.{name}": shown(each, related, unresolved) for name, each in properties.items()}

    return cells


def shown(value: Any, related: Mapping[str, str], unresolved: Collection[str] = ()) -> Any:
    """A property's value: lists with commas, and in brackets why it is not the whole; its JSON where it is no value.

    `unresolved` are the ids of relations to a source that could not be read.
    Two options with a comma in their names cannot be told apart here; the rows of the batch keep them as they came.
    """
    try:
        found, why = plain(value, related, ranges=True), [mark(value)]
        if str(value.get("id")) in unresolved and not are_known(value, related):
            why.append(Mark.UNRESOLVED)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return value
    whole = ", ".join(found) if isinstance(found, list) else found
    marks = "".join(f" [{each.value}]" for each in why if each is not None)
    return f"{'' if whole is None else whole}{marks}".strip() if marks else whole
