"""The workspace behind the API: what the simulated office changes and what recordings are loaded into."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from simulators.notion import made, recorded
from simulators.notion import schema as columns
from simulators.notion.ids import Ids, canonical_uuid
from simulators.notion.model import Database, DataSource, Json, Page
from simulators.notion.schema import Property, PropertySpec
from simulators.notion.values import Raw, changes_on_every_read, keep, option_names, rich_text, timestamp


class Workspace:
    """Databases, data sources, pages and people, in memory.

    Safe to change from one thread while another serves it: every method holds `lock`, and so does a request. Ids
    follow from `seed` and the order of the calls. `now` gives aware datetimes; page times are floored to the
    minute as Notion's are. Unknown ids raise KeyError.
    """

    def __init__(self, seed: int, now: Callable[[], datetime]) -> None:
        self.ids = Ids(seed)
        self.now = now
        self.lock = threading.RLock()
        self.databases: dict[str, Database] = {}
        self.data_sources: dict[str, DataSource] = {}
        self.all_pages: dict[str, Page] = {}
        self.users: dict[str, Json] = {}
        self.sharing_revision = 0
        self._made = 0
        self._loaded = 0
        self.workspace_id = self.ids.uuid("workspace")
        self.bot_id = self.ids.uuid("user")
        self._reference = {"object": "user", "id": self.bot_id}
        self.users[self.bot_id] = made.bot(self.bot_id, "Projeto Operacional", self.workspace_id)

    # -- people

    def add_person(self, name: str, email: str) -> str:
        """A member of the workspace; returns the user's id, for people columns."""
        with self.lock:
            person_id = self.ids.uuid("user")
            self.users[person_id] = made.person(person_id, name, email)
            return person_id

    # -- databases and their columns

    def create_database(
        self, title: str, schema: Mapping[str, PropertySpec], *, data_sources: int | Sequence[str] = 1
    ) -> Database:
        """A database with one data source (named as the database), or with several of the same columns.

        A column is declared by its type's name or as {type: configuration}, for example "rich_text",
        {"select": ["A", "B"]}, {"number": {"format": "real"}}, {"relation": {"data_source_id": …}},
        {"unique_id": {"prefix": "CLI"}}. One column must be "title".
        """
        if isinstance(data_sources, int):
            names = [title] if data_sources == 1 else [f"{title} {n + 1}" for n in range(data_sources)]
        else:
            names = list(data_sources)
        with self.lock:
            parent = {"type": "page_id", "page_id": self.ids.uuid("parent")}
            database = made.database(self.ids.uuid("database"), title, parent, self.now())
            self.databases[database.id] = database
            for name in names:
                self._new_data_source(database, name, schema)
            return database

    def add_data_source(self, database_id: str, name: str, schema: Mapping[str, PropertySpec]) -> str:
        """One more data source in a database: the day that old clients stop working. Returns its id."""
        with self.lock:
            return self._new_data_source(self.databases[database_id], name, schema)

    def add_property(self, data_source_id: str, name: str, spec: PropertySpec) -> str:
        """A new column, empty in every row; returns its id."""
        with self.lock:
            source = self.data_sources[data_source_id]
            source.properties[name] = self._declare(name, spec)
            self._schema_edited(source)
            return source.properties[name].id

    def rename_property(self, data_source_id: str, name: str, new_name: str) -> None:
        """Another display name for a column; its id and its values stay, and no row counts as edited."""
        with self.lock:
            source = self.data_sources[data_source_id]
            renamed = {new_name if key == name else key: column for key, column in source.properties.items()}
            renamed[new_name].name = new_name
            source.properties = renamed
            self._schema_edited(source)

    def remove_property(self, data_source_id: str, name: str) -> None:
        """The column and its values are gone."""
        with self.lock:
            source = self.data_sources[data_source_id]
            column = source.properties.pop(name)
            for page in source.created_by_key:
                page.values.pop(column.id, None)
            self._schema_edited(source)

    # -- pages

    def create_page(
        self, data_source_id: str, properties: Mapping[str, Any], *, created_time: datetime | None = None
    ) -> str:
        """A row with the given values by display name; columns without one are empty. Returns the page's id."""
        with self.lock:
            source = self.data_sources[data_source_id]
            moment = timestamp(created_time or self.now())
            self._made += 1
            page_id = self.ids.uuid("page")
            by = self._own_reference()
            values = self._kept(source, properties)
            page = Page(
                id=page_id,
                key=(moment, self._made),
                last_edited_time=moment,
                created_by=by,
                last_edited_by=by,
                parent=source.row_parent,
                values=values,
                shown=made.PAGE,
                data_source_id=source.id,
                changes_on_every_read=any(map(changes_on_every_read, values.values())),
            )
            self._number(source, page)
            self.all_pages[page_id] = page
            source.insert(page)
            return page_id

    def update_page(self, page_id: str, properties: Mapping[str, Any]) -> None:
        """Other values for some columns; the row's last_edited_time becomes this minute."""
        with self.lock:
            page = self.all_pages[page_id]
            source = self._source_of(page)
            self._take(page, self._kept(source, properties))
            page.last_edited_by = self._own_reference()
            page.revision += 1
            source.edited(page, timestamp(self.now()))

    def recompute(self, page_id: str, properties: Mapping[str, Any]) -> None:
        """Other values without an edit, as formulas and rollups change: last_edited_time stays."""
        with self.lock:
            page = self.all_pages[page_id]
            source = self._source_of(page)
            self._take(page, self._kept(source, properties))
            self._touched(page, source)

    def trash(self, page_id: str) -> None:
        """The row vanishes from queries; by id it is still served, with in_trash."""
        self._set(page_id, in_trash=True)

    def restore(self, page_id: str) -> None:
        """Out of the trash and out of the archive."""
        self._set(page_id, in_trash=False, is_archived=False)

    def archive(self, page_id: str) -> None:
        """The row moves to the archived partition: queries serve it only with is_archived."""
        self._set(page_id, is_archived=True)

    def delete(self, page_id: str) -> None:
        """Deleted for good: 404 by id."""
        with self.lock:
            page = self.all_pages.pop(page_id)
            if page.data_source_id is not None:
                self.data_sources[page.data_source_id].remove(page)

    def move(self, page_id: str, data_source_id: str) -> None:
        """The row goes to another data source; values follow by display name where a column of that type is there."""
        with self.lock:
            page = self.all_pages[page_id]
            old, new = self._source_of(page), self.data_sources[data_source_id]
            old.remove(page)
            values: dict[str, Any] = {}
            for name, column in new.properties.items():
                before = old.properties.get(name)
                if before and before.type == column.type and before.id in page.values:
                    self._offer_options(column, page.values[before.id])
                    values[column.id] = page.values[before.id]
            page.values = values
            page.data_source_id, page.parent = new.id, new.row_parent
            page.last_edited_time = timestamp(self.now())
            page.revision += 1
            self._number(new, page)
            new.insert(page)

    def unshare(self, data_source_id: str) -> None:
        """The connection loses access: the data source and its rows answer 404, as if they were not there."""
        self._share(data_source_id, shared=False)

    def share(self, data_source_id: str) -> None:
        """Access is back."""
        self._share(data_source_id, shared=True)

    def pages(self, data_source_id: str) -> list[Page]:
        """The rows that a query without a filter would serve, oldest first."""
        with self.lock:
            rows = self.data_sources[data_source_id].created_by_key
            return [page for page in rows if not page.in_trash and not page.is_archived]

    # -- recordings

    def load_recorded(self, query_response: Json, schema: Json | None = None) -> str | None:
        """Rows as a recorded query response shows them, newest first, into their data source; returns its id.

        `schema` is the recorded data source; without it the columns follow from the rows. The pages of a walk
        are loaded in the order of the walk. A response without rows and without schema loads nothing.
        """
        with self.lock:
            source_id = self.load_recorded_data_source(schema) if schema else None
            for row in query_response["results"]:
                source_id = row["parent"].get("data_source_id") or source_id
                self.load_recorded_page(row)
            return source_id

    def load_recorded_data_source(self, body: Json) -> str:
        """A data source as `GET /v1/data_sources/{id}` showed it; rows known before stay. Returns its id."""
        with self.lock:
            given = recorded.data_source(body)
            source = self.data_sources.get(given.id, given)
            if source is given:
                self._adopt(source)
            source.name, source.properties, source.shown = given.name, given.properties, given.shown
            self._schema_changed(source)
            return source.id

    def load_recorded_database(self, body: Json) -> str:
        """A database as `GET /v1/databases/{id}` showed it (2025-09-03 or newer); returns its id."""
        with self.lock:
            database = recorded.database(body)
            self.databases[database.id] = database
            return database.id

    def load_recorded_page(self, body: Json) -> str:
        """A page as recorded, whatever its parent; returns its id. Loaded later means created earlier in its minute."""
        with self.lock:
            source = self._recorded_source(body) if "data_source_id" in body["parent"] else None
            self._loaded -= 1
            page = recorded.page(body, self._loaded, source)
            known_before = self.all_pages.pop(page.id, None)
            if known_before and known_before.data_source_id:
                self.data_sources[known_before.data_source_id].remove(known_before)
            self.all_pages[page.id] = page
            if source:
                source.insert(page)
            return page.id

    def load_recorded_users(self, users: Sequence[Json]) -> None:
        """Exactly these users; the last bot with an owner is the connection itself."""
        with self.lock:
            self.users = {user["id"]: dict(user) for user in users}
            own = [user["id"] for user in users if user.get("bot", {}).get("owner")]
            self.bot_id = own[-1] if own else self.bot_id
            if self.bot_id not in self.users:
                self.users[self.bot_id] = made.bot(self.bot_id, "Projeto Operacional", self.workspace_id)

    # -- what the API asks

    def is_reachable(self, page: Page) -> bool:
        """Whether the connection can see the page."""
        return page.data_source_id is None or self.data_sources[page.data_source_id].is_shared

    def user(self, user_id: str) -> Json:
        """The user in full, or the bare reference that Notion gives for somebody it does not show."""
        return self.users.get(user_id, {"object": "user", "id": user_id})

    def columns_of(self, page: Page) -> dict[str, Property]:
        """The page's columns by display name."""
        return page.columns if page.data_source_id is None else self.data_sources[page.data_source_id].properties

    # -- inside

    def _declare(self, name: str, spec: PropertySpec) -> Property:
        declared = columns.declare(name, spec, self.ids)
        target = declared.configuration.get("data_source_id")
        if declared.type == "relation" and target in self.data_sources:
            database_id = self.data_sources[target].database_id
            declared.configuration = {"database_id": database_id, **declared.configuration}
        return declared

    def _new_data_source(self, database: Database, name: str, schema: Mapping[str, PropertySpec]) -> str:
        properties = {column: self._declare(column, spec) for column, spec in schema.items()}
        source = DataSource(self.ids.uuid("data_source"), name, database.id, properties, {})
        source.shown = made.data_source_header(source, database.shown["parent"], self._own_reference(), self.now())
        self.data_sources[source.id] = source
        database.data_source_ids.append(source.id)
        return source.id

    def _kept(self, source: DataSource, properties: Mapping[str, Any]) -> dict[str, Any]:
        kept = {}
        for name, given in properties.items():
            column = source.properties[name]
            for option in option_names(column, given):
                if option not in column.options and column.type != "status":
                    color = columns.OPTION_COLORS[len(column.options) % len(columns.OPTION_COLORS)]
                    column.add_option(columns.new_option(option, color, self.ids))
                    source.schema_revision += 1
            kept[column.id] = keep(column, given)
        return kept

    def _take(self, page: Page, values: dict[str, Any]) -> None:
        page.values.update(values)
        page.changes_on_every_read = any(map(changes_on_every_read, page.values.values()))

    def _own_reference(self) -> Json:
        if self._reference["id"] != self.bot_id:
            self._reference = {"object": "user", "id": self.bot_id}
        return self._reference

    def _offer_options(self, column: Property, value: Any) -> None:
        if isinstance(value, Raw):
            return
        for option in option_names(column, value):
            if option not in column.options:
                column.add_option(columns.new_option(option, "default", self.ids))

    def _number(self, source: DataSource, page: Page) -> None:
        for column in source.properties.values():
            if column.type == "unique_id" and not isinstance(page.values.get(column.id), Raw):
                source.unique_number += 1
                page.values[column.id] = source.unique_number

    def _source_of(self, page: Page) -> DataSource:
        if page.data_source_id is None:
            raise KeyError(f"page {page.id} is in no data source")
        return self.data_sources[page.data_source_id]

    def _set(self, page_id: str, **state: bool) -> None:
        with self.lock:
            page = self.all_pages[canonical_uuid(page_id) or page_id]
            for name, value in state.items():
                setattr(page, name, value)
            self._touched(page, self._source_of(page))

    def _touched(self, page: Page, source: DataSource) -> None:
        page.revision += 1
        source.revision += 1

    def _share(self, data_source_id: str, *, shared: bool) -> None:
        with self.lock:
            self.data_sources[data_source_id].is_shared = shared
            self.sharing_revision += 1

    def _schema_edited(self, source: DataSource) -> None:
        source.shown["last_edited_time"] = timestamp(self.now())
        self._schema_changed(source)

    def _schema_changed(self, source: DataSource) -> None:
        source.schema_revision += 1
        source.revision += 1

    def _adopt(self, source: DataSource) -> None:
        self.data_sources[source.id] = source
        database = self.databases.get(source.database_id)
        if database is None:
            parent = source.shown.get("database_parent", {"type": "workspace", "workspace": True})
            database = Database(source.database_id, source.name, {"title": rich_text(source.name), "parent": parent})
            self.databases[source.database_id] = database
        if source.id not in database.data_source_ids:
            database.data_source_ids.append(source.id)

    def _recorded_source(self, row: Json) -> DataSource:
        source_id = row["parent"]["data_source_id"]
        if source_id not in self.data_sources:
            database_id = row["parent"].get("database_id") or self.ids.uuid("database")
            source = DataSource(source_id, "", database_id, {}, {})
            parent = {"type": "workspace", "workspace": True}
            first_seen = datetime.fromisoformat(row["created_time"])
            source.shown = made.data_source_header(source, parent, self._own_reference(), first_seen)
            self._adopt(source)
        return self.data_sources[source_id]
