"""Objects as the API shows them in one version, to one connection."""

import json
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import quote

from simulators.notion import versions
from simulators.notion.model import Database, DataSource, Json, Page, page_url
from simulators.notion.schema import Property
from simulators.notion.settings import NotionSettings
from simulators.notion.values import Raw, Surroundings, show
from simulators.notion.workspace import Workspace

KEPT_ROWS = 20_000  # serialised rows in memory: about 40 MB of an office's rows
FILES = "https://prod-files-secure.s3.us-west-2.amazonaws.com"
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
ESCAPING = json.JSONEncoder(separators=(",", ":"))
USER_REFERENCE = ("object", "id")


@dataclass(frozen=True, slots=True)
class View:
    """Who looks: the version asked for, the columns wanted (ids; None for all), what the connection may see."""

    version: str
    only: frozenset[str] | None
    settings: NotionSettings


class Renderer:
    """Makes the JSON of a workspace's objects and keeps the serialised rows that were served last."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._rows: OrderedDict[tuple[str, str, NotionSettings], tuple[tuple[int, ...], bytes]] = OrderedDict()
        self._around: dict[tuple[NotionSettings, bool], Surroundings] = {}

    def row(self, page: Page, view: View) -> bytes:
        """The page's JSON as bytes; only whole rows are kept, until the page, its columns or the sharing change."""
        if page.is_source is not None:
            return dump(self.data_source(self._workspace.data_sources[page.is_source], view))
        if view.only is not None or page.changes_on_every_read:
            return dump(self.page(page, view))
        source = self._workspace.data_sources.get(page.data_source_id or "")
        stamp = (page.revision, source.schema_revision if source else 0, self._workspace.sharing_revision)
        key = (page.id, view.version, view.settings)
        kept = self._rows.get(key)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        row = dump(self.page(page, view))
        self._rows[key] = (stamp, row)
        if len(self._rows) > KEPT_ROWS:
            self._rows.popitem(last=False)
        return row

    def page(self, page: Page, view: View) -> Json:
        """The page object; a recorded page shows the keys it was recorded with."""
        shown = page.shown
        body: Json = {
            "object": "page",
            "id": page.id,
            "created_time": page.created_time,
            "last_edited_time": page.last_edited_time,
            "created_by": page.created_by,
            "last_edited_by": page.last_edited_by,
            "cover": shown["cover"],
            "icon": shown["icon"],
            "parent": _parent(page.parent, view.version),
            "in_trash": page.in_trash,
            "is_archived": page.is_archived,
            "is_locked": shown["is_locked"],
            "properties": self._properties(page, view),
            "url": shown.get("url") or page_url(page.id),
            "public_url": shown["public_url"],
        }
        if page.recorded_keys is not None:
            body = {key: value for key, value in body.items() if key in page.recorded_keys or key == "in_trash"}
        if versions.says_archived(view.version):
            body["archived"] = page.in_trash
        return body

    def value(self, page: Page, column: Property, view: View, *, whole: bool = False) -> Json:
        """One column of a page as in `properties`; `whole` leaves relations and people uncut."""
        value = page.values.get(column.id)
        if column.type in ("created_time", "last_edited_time"):
            moment = page.created_time if column.type == "created_time" else page.last_edited_time
            return {"id": column.id, "type": column.type, column.type: moment}
        if column.type in ("created_by", "last_edited_by") and not isinstance(value, Raw):
            by = page.created_by if column.type == "created_by" else page.last_edited_by
            value = Raw({column.type: self._workspace.user(by["id"])})
        shown = show(column, value, self._surroundings(view, whole=whole))
        return shown if view.settings.read_user_info else without_user_info(shown)

    def data_source(self, source: DataSource, view: View) -> Json:
        """The data source with its columns."""
        body: Json = {"object": "data_source", "id": source.id, **source.shown}
        body["properties"] = {name: column.json() for name, column in source.properties.items()}
        if versions.says_archived(view.version):
            body["archived"] = source.shown.get("in_trash", False)
        return body

    def database(self, database: Database, view: View) -> Json:
        """The database with the names of the data sources that are shared."""
        body: Json = {"object": "database", "id": database.id, **database.shown}
        body["data_sources"] = self._listed(database)
        if versions.says_archived(view.version):
            body["archived"] = database.shown.get("in_trash", False)
        return body

    def legacy_database(self, database: Database, source: DataSource, view: View) -> Json:
        """What versions before 2025-09-03 call a database: its one data source, under the database's id."""
        body = self.data_source(source, view) | {"object": "database", "id": database.id}
        body["parent"] = body.pop("database_parent", database.shown.get("parent"))
        return body

    def _listed(self, database: Database) -> list[Json]:
        sources = self._workspace.data_sources
        listed = database.recorded_sources or []
        names = {entry["id"]: entry["name"] for entry in listed}
        names.update(
            {source_id: sources[source_id].name for source_id in database.data_source_ids if source_id in sources}
        )
        hidden = {source_id for source_id in names if source_id in sources and not sources[source_id].is_shared}
        return [{"id": source_id, "name": name} for source_id, name in names.items() if source_id not in hidden]

    def _properties(self, page: Page, view: View) -> Json:
        columns = self._workspace.columns_of(page)
        if page.recorded_keys is not None:
            columns = {name: column for name, column in columns.items() if column.id in page.values}
        return {
            name: self.value(page, column, view)
            for name, column in columns.items()
            if view.only is None or column.id in view.only
        }

    def _surroundings(self, view: View, *, whole: bool) -> Surroundings:
        key = (view.settings, whole)
        if key not in self._around:
            limits = (None, None) if whole else (view.settings.relation_limit, view.settings.people_limit)
            self._around[key] = Surroundings(self._workspace.user, self._related_is_shared, self._sign, *limits)
        return self._around[key]

    def _sign(self, name: str) -> Json:
        signature = self._workspace.ids.uuid("signature").replace("-", "")
        expires = self._workspace.now().astimezone(UTC) + timedelta(hours=1)
        address = f"{FILES}/{self._workspace.workspace_id}/{quote(name)}"
        return {
            "url": f"{address}?X-Amz-Expires=3600&X-Amz-Signature={signature}",
            "expiry_time": expires.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }

    def _related_is_shared(self, column: Property) -> bool:
        target = self._workspace.data_sources.get(column.configuration.get("data_source_id", ""))
        return target is None or target.is_shared


def without_user_info(shown: Any) -> Any:
    """The same JSON with every user cut to the bare reference, as for a connection without that capability."""
    if isinstance(shown, dict):
        if shown.get("object") == "user":
            return {key: shown[key] for key in USER_REFERENCE}
        return {key: without_user_info(value) for key, value in shown.items()}
    if isinstance(shown, list):
        return [without_user_info(item) for item in shown]
    return shown


def dump(body: Any) -> bytes:
    """Compact JSON in UTF-8; with escapes where a text holds half of a surrogate pair, as one cut by characters can."""
    try:
        return ENCODER.encode(body).encode()
    except UnicodeEncodeError:
        return ESCAPING.encode(body).encode()


def page_list(rows: Iterable[bytes], tail: Json) -> bytes:
    """A list object from rows that are JSON already; `tail` are the keys after `results`."""
    return b'{"object":"list","results":[' + b",".join(rows) + b"]," + dump(tail)[1:]


def _parent(parent: Json, version: str) -> Json:
    if versions.has_data_sources(version) or "data_source_id" not in parent:
        return parent
    return {"type": "database_id", "database_id": parent.get("database_id")}
