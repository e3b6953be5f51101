"""How a source's columns changed since they were read last, by property id: a renamed column is the same one."""

from collections.abc import Mapping
from typing import Any

Columns = Mapping[str, tuple[str, str]]
"""id: (name, type)"""


def columns(properties: Any) -> dict[str, tuple[str, str]]:
    """The columns of a schema's `properties`; what has no id or no type is none."""
    if not isinstance(properties, dict):
        return {}
    return {
        str(each["id"]): (str(name), str(each["type"]))
        for name, each in properties.items()
        if isinstance(each, dict) and each.get("id") is not None and each.get("type") is not None
    }


def drift(before: Columns, after: Columns) -> dict[str, list[str]]:
    """`renamed`, `retyped`, `added` and `vanished`, each as texts for people; empty where nothing changed."""
    kept = sorted(before.keys() & after.keys(), key=lambda column: after[column])
    found = {
        "renamed": [f"{before[c][0]} → {after[c][0]}" for c in kept if before[c][0] != after[c][0]],
        "retyped": [f"{after[c][0]}: {before[c][1]} → {after[c][1]}" for c in kept if before[c][1] != after[c][1]],
        "added": sorted(after[c][0] for c in after.keys() - before.keys()),
        "vanished": sorted(before[c][0] for c in before.keys() - after.keys()),
    }
    return {change: names for change, names in found.items() if names}
