"""What happened in a workspace, as its webhooks tell it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from simulators.notion.model import DataSource, Json, Page

GONE, BACK, CREATED, UPDATED = "page.deleted", "page.undeleted", "page.created", "page.properties_updated"


@dataclass(frozen=True, slots=True)
class Change:
    """`type` is the event's; `data` stands beside the parent in it: ids of properties, or what became of columns."""

    type: str
    entity_id: str
    parent: Json
    at: datetime
    data: Mapping[str, list[Any]] = field(default_factory=dict)

    @property
    def entity_type(self) -> str:
        return self.type.partition(".")[0]


def of_page(kind: str, page: Page, source: DataSource, at: datetime, properties: Iterable[str] | None = None) -> Change:
    """A page's change; `properties` are the ids of the columns whose values are others now."""
    parent = {"id": source.database_id, "type": "database", "data_source_id": source.id}
    return Change(kind, page.id, parent, at, {} if properties is None else {"updated_properties": sorted(properties)})


def of_schema(source: DataSource, at: datetime, column: Json) -> Change:
    """A column's change, as {id, name, action}."""
    parent = {"id": source.database_id, "type": "database"}
    return Change("data_source.schema_updated", source.id, parent, at, {"updated_properties": [column]})


def aggregated(changes: Iterable[Change]) -> list[Change]:
    """What is told of the changes of one short window, in the order in which each was last seen.

    Of one entity: what was created and deleted is not told at all, and edits of what was created are part of it; of
    deletions and their undoing the last counts; edits become one, with all their properties and the last time.
    """
    kept: dict[tuple[str, str], Change] = {}

    def drop(entity_id: str, *kinds: str) -> bool:
        return sum(kept.pop((entity_id, kind), None) is not None for kind in kinds) > 0

    for change in changes:
        entity, key = change.entity_id, (change.entity_id, change.type)
        if change.type == GONE and drop(entity, CREATED):
            drop(entity, UPDATED)
            continue
        if change.type == UPDATED and (entity, CREATED) in kept:
            continue
        if change.type in (GONE, BACK):
            drop(entity, GONE, BACK)
        before = kept.pop(key, None)
        kept[key] = change if before is None else replace(change, data=_joined(before.data, change.data))
    return list(kept.values())


def _joined(before: Mapping[str, list[Any]], after: Mapping[str, list[Any]]) -> Mapping[str, list[Any]]:
    joined = {}
    for name in {**before, **after}:
        earlier = [item for item in before.get(name, []) if item not in after.get(name, [])]
        joined[name] = [*earlier, *after.get(name, [])]
    return joined
