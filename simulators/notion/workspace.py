"""The workspace behind the API: what the simulated office changes and what recordings are loaded into."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from simulators.notion import changes, made, recorded
from simulators.notion import schema as columns
from simulators.notion.model import DataSource, Json, Page
from simulators.notion.schema import Property
from simulators.notion.tables import Tables
from simulators.notion.values import Raw, changes_on_every_read, keep, option_names, timestamp


class Workspace(Tables):
    """Databases, data sources, pages and people, in memory.

    Safe to change from one thread while another serves it: every method holds `lock`, and so does a request. Ids
    follow from `seed` and the order of the calls. `now` gives aware datetimes; page times are floored to the
    minute as Notion's are. Unknown ids raise KeyError. `watchers` are told each change of what is shared, under `lock`.
    """

    def __init__(self, seed: int, now: Callable[[], datetime]) -> None:
        super().__init__(seed, now)
        self.all_pages: dict[str, Page] = {}
        self.sharing_revision = 0
        self._made = 0
        self._loaded = 0

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
            self._tell(changes.CREATED, page)
            return page_id

    def put_source_in(self, wiki_id: str, data_source_id: str) -> None:
        """A data source among the rows of another, as wikis have them; `result_type` tells them from pages."""
        with self.lock:
            page_id = self.create_page(wiki_id, {})
            self.all_pages.pop(page_id).is_source = data_source_id

    def update_page(self, page_id: str, properties: Mapping[str, Any]) -> None:
        """Other values for some columns; the row's last_edited_time becomes this minute."""
        with self.lock:
            page = self.all_pages[page_id]
            source = self._source_of(page)
            kept = self._kept(source, properties)
            self._take(page, kept)
            page.last_edited_by = self._own_reference()
            page.revision += 1
            source.edited(page, timestamp(self.now()))
            self._tell(changes.UPDATED, page, kept)

    def recompute(self, page_id: str, properties: Mapping[str, Any]) -> None:
        """Other values without an edit, as formulas and rollups change: last_edited_time stays."""
        with self.lock:
            page = self.all_pages[page_id]
            source = self._source_of(page)
            self._take(page, self._kept(source, properties))
            self._touched(page, source)

    def trash(self, page_id: str) -> None:
        """The row vanishes from queries; by id it is still served, with in_trash."""
        with self.lock:
            self._set(self.all_pages[page_id], changes.GONE, in_trash=True)

    def restore(self, page_id: str) -> None:
        """Out of the trash and out of the archive."""
        with self.lock:
            self._set(self.all_pages[page_id], changes.BACK, in_trash=False, is_archived=False)

    def archive(self, page_id: str) -> None:
        """The row moves to the archived partition: queries serve it only with is_archived."""
        with self.lock:
            self._set(self.all_pages[page_id], None, is_archived=True)

    def delete(self, page_id: str) -> None:
        """Deleted for good: 404 by id."""
        with self.lock:
            page = self.all_pages.pop(page_id)
            if page.data_source_id is not None:
                self.data_sources[page.data_source_id].remove(page)
            if not page.in_trash:
                self._tell(changes.GONE, page)

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
            self._tell("page.moved", page)

    def move_out(self, page_id: str) -> None:
        """The row becomes a page under another page: it leaves its data source, and only its title goes with it."""
        with self.lock:
            page = self.all_pages[page_id]
            old = self._source_of(page)
            old.remove(page)
            page.columns = {"title": Property("title", "title", "title", {})}
            page.values = {"title": page.values["title"]} if "title" in page.values else {}
            page.data_source_id, page.parent = None, {"type": "page_id", "page_id": self.ids.uuid("parent")}
            page.last_edited_time = timestamp(self.now())
            page.revision += 1

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

    def columns_of(self, page: Page) -> dict[str, Property]:
        """The page's columns by display name."""
        return page.columns if page.data_source_id is None else self.data_sources[page.data_source_id].properties

    # -- inside

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

    def _set(self, page: Page, kind: str | None, **state: bool) -> None:
        """Tells it as a change of that kind, where there is one and the trash gained or lost the page."""
        was_in_trash = page.in_trash
        for name, value in state.items():
            setattr(page, name, value)
        self._touched(page, self._source_of(page))
        if kind and page.in_trash != was_in_trash:
            self._tell(kind, page)

    def _tell(self, kind: str, page: Page, properties: Iterable[str] | None = None) -> None:
        source = self.data_sources.get(page.data_source_id or "")
        if self.watchers and source is not None and source.is_shared:
            change = changes.of_page(kind, page, source, self.now().astimezone(UTC), properties)
            for watcher in self.watchers:
                watcher(change)

    def _touched(self, page: Page, source: DataSource) -> None:
        page.revision += 1
        source.revision += 1

    def _share(self, data_source_id: str, *, shared: bool) -> None:
        with self.lock:
            self.data_sources[data_source_id].is_shared = shared
            self.sharing_revision += 1

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
