"""Objects as responses of the live API showed them, turned back into what a workspace holds."""

from simulators.notion import schema as columns
from simulators.notion.model import Database, DataSource, Json, Page
from simulators.notion.schema import Property
from simulators.notion.values import keep

OF_THE_ANSWER = ("request_id", "archived")
PAGE_KEYS = ("cover", "icon", "is_locked", "url", "public_url")


def database(recorded: Json) -> Database:
    """A database as `GET /v1/databases/{id}` showed it (2025-09-03 or newer)."""
    listed = list(recorded["data_sources"])
    return Database(
        recorded["id"],
        _text(recorded["title"]),
        _shown(recorded, "data_sources"),
        [entry["id"] for entry in listed],
        listed,
        frozenset(recorded) - set(OF_THE_ANSWER),
    )


def data_source(recorded: Json) -> DataSource:
    """A data source, without rows, as `GET /v1/data_sources/{id}` showed it."""
    properties = {name: columns.recorded(given) for name, given in recorded["properties"].items()}
    database_id: str = recorded["parent"]["database_id"]
    return DataSource(recorded["id"], _text(recorded["title"]), database_id, properties, _shown(recorded, "properties"))


def page(recorded: Json, place: int, source: DataSource | None) -> Page:
    """A page with its values; columns that `source` (or the page, where it is in none) lacks are added to it.

    `place` orders it among the pages of its minute.
    """
    shown = Page(
        id=recorded["id"],
        key=(recorded["created_time"], place),
        last_edited_time=recorded["last_edited_time"],
        created_by=recorded["created_by"],
        last_edited_by=recorded["last_edited_by"],
        parent=dict(recorded["parent"]),
        values={},
        shown={key: recorded.get(key) for key in PAGE_KEYS},
        data_source_id=source.id if source else None,
        in_trash=bool(recorded.get("in_trash") or recorded.get("archived")),
        is_archived=recorded.get("is_archived", False),
        recorded_keys=frozenset(recorded) - {*OF_THE_ANSWER, "in_trash"},
    )
    known = source.properties if source else shown.columns
    for name, value in recorded["properties"].items():
        if name not in known:
            kind = value["type"]
            known[name] = Property(value["id"], name, kind, {"options": []} if "select" in kind else {})
        shown.values[known[name].id] = keep(known[name], value)
    return shown


def _shown(recorded: Json, *own: str) -> Json:
    hidden = ("object", "id", *own, *OF_THE_ANSWER)
    return {key: value for key, value in recorded.items() if key not in hidden}


def _text(rich: list[Json]) -> str:
    return "".join(part["plain_text"] for part in rich)
