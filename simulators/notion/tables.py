"""The tables of a workspace: its databases, their data sources and columns, and its people."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from simulators.notion import changes, made
from simulators.notion import schema as columns
from simulators.notion.changes import Change
from simulators.notion.ids import Ids
from simulators.notion.model import Database, DataSource, Json
from simulators.notion.schema import Property, PropertySpec
from simulators.notion.values import rich_text, timestamp


class Tables:
    """What holds rows, without the rows; `simulators.notion.workspace.Workspace` puts them in."""

    def __init__(self, seed: int, now: Callable[[], datetime]) -> None:
        self.ids = Ids(seed)
        self.now = now
        self.lock = threading.RLock()
        self.databases: dict[str, Database] = {}
        self.data_sources: dict[str, DataSource] = {}
        self.users: dict[str, Json] = {}
        self.watchers: list[Callable[[Change], None]] = []
        self.workspace_id = self.ids.uuid("workspace")
        self.bot_id = self.ids.uuid("user")
        self._reference = {"object": "user", "id": self.bot_id}
        self.users[self.bot_id] = made.bot(self.bot_id, "Projeto Operacional", self.workspace_id)

    def add_person(self, name: str, email: str) -> str:
        """A member of the workspace; returns the user's id, for people columns."""
        with self.lock:
            person_id = self.ids.uuid("user")
            self.users[person_id] = made.person(person_id, name, email)
            return person_id

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
            self._schema_edited(source, source.properties[name], "created")
            return source.properties[name].id

    def rename_property(self, data_source_id: str, name: str, new_name: str) -> None:
        """Another display name for a column; its id and its values stay, and no row counts as edited."""
        with self.lock:
            source = self.data_sources[data_source_id]
            renamed = {new_name if key == name else key: column for key, column in source.properties.items()}
            renamed[new_name].name = new_name
            source.properties = renamed
            self._schema_edited(source, renamed[new_name], "updated")

    def remove_property(self, data_source_id: str, name: str) -> None:
        """The column and its values are gone."""
        with self.lock:
            source = self.data_sources[data_source_id]
            column = source.properties.pop(name)
            for page in source.created_by_key:
                page.values.pop(column.id, None)
            self._schema_edited(source, column, "deleted")

    def user(self, user_id: str) -> Json:
        """The user in full, or the bare reference that Notion gives for somebody it does not show."""
        return self.users.get(user_id, {"object": "user", "id": user_id})

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

    def _own_reference(self) -> Json:
        if self._reference["id"] != self.bot_id:
            self._reference = {"object": "user", "id": self.bot_id}
        return self._reference

    def _schema_edited(self, source: DataSource, column: Property, action: str) -> None:
        source.shown["last_edited_time"] = timestamp(self.now())
        self._schema_changed(source)
        if source.is_shared:
            shown = {"id": column.id, "name": column.name, "action": action}
            change = changes.of_schema(source, self.now().astimezone(UTC), shown)
            for watcher in self.watchers:
                watcher(change)

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
